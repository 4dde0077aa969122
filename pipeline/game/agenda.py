"""All that has to be done for a pack, before anything is made: what `plan` shows and `render` does."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.engines.catalogue import Catalogue, ModelEntry
from pipeline.errors import UsageError, did_you_mean
from pipeline.game.as_script import PackLine, as_script, cast_of, choices_of, pack_lines, slug_of
from pipeline.game.config import VisemesForm
from pipeline.game.line import text_lock
from pipeline.game.pack_index import IndexRow, read_index, read_pack
from pipeline.game.pack_sound import SoundTarget
from pipeline.game.pack_state import Hasher, Rules, Wanted, by_key, decide
from pipeline.game.policy import Cost, demand_allowed, price_of
from pipeline.game.stems import Layout
from pipeline.game.takes import (
    Accepted,
    RecordedTake,
    WantedTake,
    find_takes,
    orphans_of_renpy,
    read_lock,
)
from pipeline.game.voiced import GameProject
from pipeline.plan.plan import LinePlan, ModelFacts, Plan, make_plan
from pipeline.plan.retake import redirected
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.history import History, read_history
from pipeline.takes.choose import Choice, Choices
from pipeline.takes.store import TakeStore

STORE_FOLDER = ".fullcast"
EXTENDED_SHAPES = ("G", "H", "X")


@dataclass(frozen=True)
class Places:
    """Where a project's pack and takes lie."""

    pack: Path
    store: Path
    lock: Path


@dataclass(frozen=True)
class Wish:
    """Which lines are meant this time; the default is all of them.

    `recheck` asks the take store for every line, though the pack has it: after an update of fullcast that
    reads numbers or abbreviations in another way.
    """

    locales: tuple[str, ...] = ()
    characters: tuple[str, ...] = ()
    limit: int | None = None
    recheck: bool = False


@dataclass(frozen=True)
class Agenda:
    """What a pack is to hold, and what has to be made for it.

    Attributes:
        wanted: every sound of the locales that are meant, in the project's order.
        plan: of those that an engine speaks and the pack lacks.
        planned: the plan's lines of each sound, by `PackLine.key`.
        left_out: keys of sounds that are not meant this time.
        before: the rows of the pack as it is, by locale.
        orphans: recordings whose name is a known Ren'Py label with the hash of an older text.
        resolved: the models whose weights are here.
    """

    project: GameProject
    places: Places
    rules: Rules
    wanted: tuple[Wanted, ...]
    plan: Plan
    planned: Mapping[str, tuple[LinePlan, ...]]
    left_out: frozenset[str]
    before: Mapping[str, tuple[IndexRow, ...]]
    takes: Mapping[tuple[str, str], RecordedTake]
    accepted: Accepted
    orphans: tuple[str, ...]
    resolved: Mapping[str, ResolvedModel]
    history: History

    @property
    def locales(self) -> tuple[str, ...]:
        """The locales that are meant, in the project's order."""
        return tuple(self.rules.layouts)

    def status(self, wanted: Wanted) -> str:
        """`cached`, `taken`, `reuse` (its take is in the store), `render`, `silent` or `left out`."""
        if wanted.line.key in self.left_out:
            return "left out"
        if wanted.status != "speak":
            return wanted.status
        statuses = {line.status for line in self.planned[wanted.line.key]}
        return next((status for status in ("render", "silent") if status in statuses), "reuse")

    def costs(self) -> dict[str, Cost]:
        """What rendering takes, by engine."""
        found: dict[str, Cost] = {}
        for line in self.plan.to_render():
            engine = self.plan.models[line.voice.model].engine
            price = price_of(engine, line.voice.model, self.project.config.costs)
            found[engine] = found.get(engine, Cost()).plus(line.characters, line.audio_s, price)
        return found

    def cost(self) -> Cost:
        """The same, all engines together."""
        costs = self.costs().values()
        return Cost(
            sum(one.characters for one in costs),
            sum(one.seconds for one in costs),
            sum(one.cost for one in costs),
        )


def places_of(project: GameProject, pack: Path | None = None, store: Path | None = None) -> Places:
    """Where pack, store and accepted takes lie: as asked, else as the project says."""
    root, config = project.root, project.config
    return Places(
        pack or root / config.pack,
        store or root / (config.store or STORE_FOLDER),
        root / config.takes_form.lock,
    )


def draw_up(
    project: GameProject,
    places: Places,
    catalogue: Catalogue,
    models: Callable[[ModelEntry], ResolvedModel | None],
    wish: Wish,
    today: datetime.date | None,
    check_takes: bool = False,
) -> Agenda:
    """The agenda of a project against its pack, its recordings and its take store; nothing is written.

    Args:
        models: gives the files of a model: brings them here, or only looks.
        today: on which consent must hold; None where nothing is going to be spoken.
        check_takes: read every take that is to be used, so that a damaged one is made anew.

    Raises:
        UsageError, PolicyError, DriftError: a voice, locale or character that there is not, or two lines with
            one file; a source or a missing consent forbids it; the pack's index is damaged.
    """
    locales = _locales(project, wish)
    lines, rules = pack_lines(project, catalogue, locales), rules_of(project, locales)
    choices = Choices(places.store, slug_of(project)).items()
    before = {locale: read_index(places.pack, locale) for locale in locales}
    accepted = read_lock(places.lock)
    takes = takes_of(project, lines, accepted)
    known = [] if wish.recheck else [row for rows in before.values() for row in rows]
    hasher = Hasher(catalogue, rules, choices)
    wanted = _with_own_files(decide(lines, rules, hasher, by_key(known), takes, _is_in(places.pack)))
    if today is not None:
        demand_allowed(project, (one.line for one in wanted if one.recording is None), catalogue, today)
    to_speak = [one.line for one in wanted if one.status == "speak"]
    meant, left_out = _meant(to_speak, wish)
    history = read_history(places.store, slug_of(project))
    has_take = _looks(places.store, check_takes)
    plan, resolved = _planned(project, to_speak, meant, catalogue, models, has_take, choices, history)
    return Agenda(
        project, places, rules, tuple(wanted), plan, _by_sound(plan, to_speak), left_out, before, takes,
        accepted, _orphans(project), resolved, history,
    )  # fmt: skip


def _looks(store_path: Path, check: bool) -> Callable[[str], bool]:
    """Whether a take is there, and if it is to be checked, has the bytes that were written."""
    store = TakeStore(store_path)
    return (lambda key: store.get(key) is not None) if check else store.has


def _is_in(pack: Path) -> Callable[[str], bool]:
    """Whether a file of the pack is there; a `Path` for each of 50,000 would take longer than the look."""
    root = str(pack)
    return lambda name: os.path.exists(f"{root}/{name}")  # noqa: PTH110


def rules_of(project: GameProject, locales: Sequence[str]) -> Rules:
    """What of a project decides on every sound alike."""
    loud = project.config.loudness
    target = SoundTarget(loud.lufs, loud.true_peak_dbtp, loud.lead_ms / 1000, loud.tail_ms / 1000)
    visemes = project.config.visemes
    shapes: tuple[str, ...] | None = None
    if isinstance(visemes, VisemesForm):
        shapes = tuple(visemes.extended)
    elif visemes:
        shapes = EXTENDED_SHAPES
    layouts = {locale: layout_of(project, locale) for locale in locales}
    return Rules(layouts, target, project.config.takes_form.stale, project.config.seed, shapes)


def layout_of(project: GameProject, locale: str) -> Layout:
    """Where the project's engine looks for the sound of a locale."""
    names = {bcp: own for own, bcp in project.config.names_of_locales.items()}
    layout = Layout(
        project.config.engine,
        locale,
        project.base_locale,
        assets_folder=project.asset_folders.get(locale),
        language=names.get(locale) or project.settings.get(f"renpy.language.{locale}"),
        filename_format=project.config.unreal.filename_format,
    )
    pattern = project.settings.get("voice_pattern")
    return replace(layout, voice_pattern=pattern) if pattern else layout


def takes_of(
    project: GameProject, lines: Sequence[PackLine], accepted: Accepted
) -> dict[tuple[str, str], RecordedTake]:
    """The recordings of a project's lines, by sound ID and locale.

    Raises:
        UsageError: two recordings of one line in one folder.
    """
    form = project.config.takes_form
    wanted = [
        WantedTake(line.sound_id, line.voiced.locale, line.stem, text_lock(line.voiced.text))
        for line in lines
    ]
    by_prefix = project.config.engine == "dink"
    return find_takes(
        project.root, form.folders, form.recorded, wanted, accepted, project.base_locale, by_prefix
    )


def _orphans(project: GameProject) -> tuple[str, ...]:
    if project.config.engine != "renpy":
        return ()
    ids = [line.id for line in project.lines if line.id is not None]
    return tuple(orphans_of_renpy(project.root, project.config.takes_form.folders, ids))


def _locales(project: GameProject, wish: Wish) -> tuple[str, ...]:
    for locale in wish.locales:
        if locale not in project.locales:
            raise UsageError(
                f"no locale '{locale}' in {project.file}", hint=did_you_mean(locale, project.locales)
            )
    return tuple(locale for locale in project.locales if not wish.locales or locale in wish.locales)


def _meant(lines: Sequence[PackLine], wish: Wish) -> tuple[list[PackLine], frozenset[str]]:
    """The lines that are to be spoken this time, and the keys of the others."""
    if wish.limit is not None and wish.limit < 0:
        raise UsageError(f"--limit {wish.limit}: must be 0 or more")
    names = {line.voiced.line.character or "" for line in lines}
    for name in wish.characters:
        if lines and name not in names:
            raise UsageError(f"no line to render of '{name}'", hint=did_you_mean(name, names))
    meant = [
        line for line in lines if not wish.characters or (line.voiced.line.character or "") in wish.characters
    ]
    meant = meant if wish.limit is None else meant[: wish.limit]
    kept = {line.key for line in meant}
    return meant, frozenset(line.key for line in lines if line.key not in kept)


def _planned(
    project: GameProject,
    to_speak: Sequence[PackLine],
    meant: Sequence[PackLine],
    catalogue: Catalogue,
    models: Callable[[ModelEntry], ResolvedModel | None],
    has_take: Callable[[str], bool],
    choices: Mapping[str, Choice],
    history: History,
) -> tuple[Plan, dict[str, ResolvedModel]]:
    """The plan of all lines that the pack lacks; those that are not meant are skipped in it."""
    names = sorted({line.voice.model for line in to_speak})
    found = {name: models(catalogue.model(name)) for name in names}
    resolved = {name: one for name, one in found.items() if one is not None}
    facts = {name: _facts(catalogue, name, resolved.get(name), history) for name in names}
    plan = make_plan(
        as_script(project, to_speak),
        cast_of(to_speak),
        facts,
        has_take=has_take,
        choices=choices_of(to_speak, choices, project.config.seed),
        direct=redirected,
    )
    kept = {name for line in meant for name in line.script_ids}
    return plan.restricted(lambda line: line.line.id in kept), resolved


def _facts(catalogue: Catalogue, name: str, resolved: ResolvedModel | None, history: History) -> ModelFacts:
    entry = catalogue.model(name)
    capabilities = catalogue.capabilities(name)
    sha256 = resolved.sha256 if resolved and entry.forms else None
    return ModelFacts(name, entry.engine, capabilities, sha256, history.speeds.get(name, capabilities.speed))


def _by_sound(plan: Plan, lines: Sequence[PackLine]) -> dict[str, tuple[LinePlan, ...]]:
    by_id = {line.line.id: line for line in plan.lines}
    return {line.key: tuple(by_id[name] for name in line.script_ids) for line in lines}


def _with_own_files(wanted: Sequence[Wanted]) -> Sequence[Wanted]:
    """The sounds, no two of which have one file where case does not count."""
    seen: dict[str, Wanted] = {}
    for one in wanted:
        for path in one.paths.values():
            other = seen.setdefault(path.casefold(), one)
            if other is not one:
                ids = f"{other.line.sound_id} and {one.line.sound_id}"
                raise UsageError(f"{ids} have one sound file, {path}", hint="rename one of them")
    return wanted


def all_locales(project: GameProject, pack: Path) -> tuple[str, ...]:
    """The locales of the project and those that a pack has from an earlier one."""
    there = read_pack(pack)
    return tuple(dict.fromkeys([*project.locales, *(there.locales if there is not None else ())]))


def look_only(weights: WeightStore) -> Callable[[ModelEntry], ResolvedModel | None]:
    """Models whose weights are here already; nothing is fetched."""
    return weights.present
