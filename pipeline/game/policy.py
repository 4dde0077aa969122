"""What a game's owner allows: voices with consent, sources that no machine may speak, what a run may cost."""

from __future__ import annotations

import datetime
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.engines.catalogue import Catalogue
from pipeline.engines.entries import VoiceEntry
from pipeline.errors import PolicyError, UsageError
from pipeline.game.ai_use import forbidden_notes
from pipeline.game.as_script import PackLine, slug_of
from pipeline.game.config import BudgetForm
from pipeline.game.voiced import GameProject
from pipeline.identity.consent import Use
from pipeline.identity.rights import demand_rights, needs_consent

USE: Use = "game"
COST_CHARACTERS = 1000

Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class ConsentForm(BaseModel):
    """One record: a person's consent to the use of one voice.

    Attributes:
        voice: as `[voices]` writes it, `engine/name`.
        person: whose voice it is; `given` is the day on which they agreed, `expires` the last one it holds.
        uses: what the voice may be used for; locales: BCP 47, `*` is all, `en` covers `en-GB`.
        statement: what they agreed to, in their own words.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    voice: Words
    person: Words
    given: datetime.date
    expires: datetime.date | None = None
    uses: Annotated[list[Literal["audiobook", "game", "personal", "any"]], Field(min_length=1)]
    locales: Annotated[list[Words], Field(min_length=1)] = ["*"]
    statement: Words
    signed_by: Words | None = None


class ConsentFileForm(BaseModel):
    """The file that the project's `consent` names."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    voices: list[ConsentForm]


@dataclass(frozen=True)
class Cost:
    """What rendering some lines takes; `cost` is in the unit of the project's `[costs]`."""

    characters: int = 0
    seconds: float = 0.0
    cost: float = 0.0

    def plus(self, characters: int, seconds: float, rate: float) -> Cost:
        """The same with one more line; `rate` is the price of 1,000 characters."""
        return Cost(
            self.characters + characters,
            self.seconds + seconds,
            self.cost + characters * rate / COST_CHARACTERS,
        )


def read_consents(path: Path) -> tuple[ConsentForm, ...]:
    """The consent records of a project.

    Raises:
        PolicyError: there is no such file.
        UsageError: it is not of its form.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text("utf-8-sig"))
        return tuple(ConsentFileForm.model_validate(data).voices)
    except FileNotFoundError as error:
        raise PolicyError("there are no consent records", str(path), "see docs/game.md#consent") from error
    except (tomllib.TOMLDecodeError, ValidationError, UnicodeDecodeError) as error:
        detail = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise UsageError(f"no consent record: {detail}", str(path), "see docs/game.md#consent") from error


def demand_allowed(
    project: GameProject, lines: Iterable[PackLine], catalogue: Catalogue, today: datetime.date
) -> None:
    """Nothing, if these lines may be spoken by a machine with these voices.

    Raises:
        PolicyError: a source forbids it, or a voice has no consent for this use and locale; all reasons.
        UsageError: the consent file is not of its form.
    """
    reasons = [*forbidden_notes(project), *_without_consent(project, lines, catalogue, today)]
    if reasons:
        raise PolicyError("\n".join(reasons))


def _without_consent(
    project: GameProject, lines: Iterable[PackLine], catalogue: Catalogue, today: datetime.date
) -> list[str]:
    records: Sequence[ConsentForm] = ()
    if project.config.consent is not None:
        records = read_consents(project.root / project.config.consent)
    by_voice: dict[str, list[ConsentForm]] = defaultdict(list)
    for record in records:
        by_voice[record.voice].append(record)
    reasons: dict[str, None] = {}
    seen: set[tuple[str, str]] = set()
    for line in lines:
        key = (line.voice.written, line.voiced.locale)
        if key in seen:
            continue
        seen.add(key)
        for part, _ in line.voice.parts:
            given = by_voice.get(part.id, [])
            reason = refusal(part, line.voiced.locale, given, catalogue, today, slug_of(project))
            if reason is not None:
                reasons[reason] = None
    return list(reasons)


def refusal(
    voice: VoiceEntry,
    locale: str,
    records: Sequence[ConsentForm],
    catalogue: Catalogue,
    today: datetime.date,
    game: str | None = None,
) -> str | None:
    """Why a voice may not speak a locale of a game; None if it may.

    A voice that was made from a recording needs the consent that its registry names. One that comes with its
    engine, or that a registry has as published or synthetic, needs none. A record of the game's own counts
    for every voice that has one.

    Args:
        game: slug of the game, to which a registry's consent may be limited.
    """
    if needs_consent(voice):
        try:
            demand_rights([voice], catalogue, today, game, USE)
        except PolicyError as error:
            return str(error)
    elif not records and voice.origin is None and not _comes_with_engine(voice.id, catalogue):
        return f"voice {voice.id} has no consent record; add one to the project's `consent` file"
    reasons = [_refused(record, locale, today) for record in records]
    if not reasons or None in reasons:
        return None
    return f"voice {voice.id} may not speak {locale}: {'; '.join(reason for reason in reasons if reason)}"


def _comes_with_engine(voice: str, catalogue: Catalogue) -> bool:
    """Whether an `engine.yaml` lists the voice: nobody lent theirs for this game."""
    base = voice.partition("+")[0]
    entry = catalogue.entry(voice.partition("/")[0])
    return any(listed.id in (voice, base) for listed in entry.voices)


def _refused(record: ConsentForm, locale: str, today: datetime.date) -> str | None:
    if not {USE, "any"} & set(record.uses):
        return f"{record.person} agreed to {', '.join(record.uses)}, not to {USE}"
    if not any(_covers(known, locale) for known in record.locales):
        return f"{record.person} agreed to {', '.join(record.locales)}"
    if today < record.given:
        return f"{record.person}'s consent is given for {record.given.isoformat()}, which has not come yet"
    if record.expires is not None and today > record.expires:
        return f"{record.person}'s consent ended on {record.expires.isoformat()}"
    return None


def _covers(known: str, locale: str) -> bool:
    known, locale = known.casefold(), locale.casefold()
    return known in ("*", locale) or locale.startswith(f"{known}-")


def demand_budget(cost: Cost, budget: BudgetForm) -> None:
    """Nothing, if a run costs no more than the project allows.

    Raises:
        PolicyError: it costs more; every limit that is passed is named.
    """
    over = []
    if budget.characters is not None and cost.characters > budget.characters:
        over.append(f"{cost.characters} characters, budget.characters is {budget.characters}")
    if budget.seconds is not None and cost.seconds > budget.seconds:
        over.append(f"{cost.seconds:.0f} s of sound, budget.seconds is {budget.seconds:g}")
    if budget.cost is not None and cost.cost > budget.cost:
        over.append(f"a cost of {cost.cost:.2f}, budget.cost is {budget.cost:g}")
    if over:
        raise PolicyError(
            f"over the budget: {'; '.join(over)}",
            hint="render a part (--locale, --character, --limit), or raise [budget]",
        )


def price_of(engine: str, model: str, costs: Mapping[str, float]) -> float:
    """The price of 1,000 characters: of the model if it has one, else of its engine, else 0."""
    return costs.get(model, costs.get(engine, 0.0))
