"""What has to be done for a script: each line's take key, whether it is there, and why not if not.

Pure: what is on disk comes in as values and one look-up function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.cast.cast import voice_of
from pipeline.emotion.resolve import ResolvedEmotion, resolve_emotions, resolved_line
from pipeline.engines.base import Capabilities
from pipeline.engines.catalogue import ResolvedVoice
from pipeline.plan.key import key_parts, take_key
from pipeline.plan.why import Spoken, align, reason
from pipeline.script.model import Chapter, Line, Script
from pipeline.takes.choose import Choice
from pipeline.text.normalize import SpokenText, is_silent, speak
from pipeline.text.utterances import split_utterances

Status = Literal["reuse", "render", "silent", "skipped"]

# How fast people read aloud, for the estimate only. Source: our own demo renders, docs/performance.md.
CHARACTERS_PER_S = 15.0
CJK_CHARACTERS_PER_S = 4.5


@dataclass(frozen=True)
class ModelFacts:
    """What planning needs to know of a model: what its engine can do, which weights it has, how fast it is.

    `weights_sha256` is None for an engine without weights; `speed` is audio-seconds per second of one worker.
    """

    model: str
    engine: str
    capabilities: Capabilities
    weights_sha256: str | None
    speed: float


@dataclass(frozen=True)
class LinePlan:
    """One line and what becomes of it.

    Attributes:
        chapter: index into the script's chapters.
        status: `silent` has nothing to say (punctuation only); `skipped` is left out on request.
        reason: why it is rendered, reused, silent or skipped, in words.
        locked: an approved take is used, whatever the line's key would be today.
        inferred: what the emotion `auto` became, and from which words; the line's direction has it already.
    """

    line: Line
    chapter: int
    voice: ResolvedVoice
    spoken: SpokenText
    utterances: tuple[str, ...]
    parts: Mapping[str, Any]
    key: str
    status: Status
    reason: str
    locked: bool
    audio_s: float
    inferred: ResolvedEmotion | None = None

    @property
    def characters(self) -> int:
        """How many characters are spoken."""
        return sum(len(utterance) for utterance in self.utterances)

    def as_spoken(self) -> Spoken:
        """What the next run needs to say what changed."""
        return Spoken(
            self.line.id, self.line.character, self.line.text, self.voice.written, self.key, dict(self.parts)
        )


@dataclass(frozen=True)
class Plan:
    """All lines of a script with their takes, in reading order, and the models they need."""

    script: Script
    lines: tuple[LinePlan, ...]
    models: Mapping[str, ModelFacts]

    def to_render(self) -> Iterator[LinePlan]:
        """One line for each take that is missing: lines that share a take are rendered once."""
        seen: set[str] = set()
        for line in self.lines:
            if line.status == "render" and line.key not in seen:
                seen.add(line.key)
                yield line

    def chapter(self, index: int) -> tuple[LinePlan, ...]:
        """The lines of one chapter."""
        return tuple(line for line in self.lines if line.chapter == index)

    def chapters(self) -> Iterator[tuple[int, Chapter]]:
        """Index and chapter, in order."""
        return iter(enumerate(self.script.chapters))

    def restricted(self, keep: Callable[[LinePlan], bool]) -> Plan:
        """The same plan in which lines that are not kept are skipped: they get no take this time."""

        def restrict(line: LinePlan) -> LinePlan:
            if line.status != "render" or keep(line):
                return line
            return replace(line, status="skipped", reason="left out this time")

        return replace(self, lines=tuple(restrict(line) for line in self.lines))


def make_plan(
    script: Script,
    cast: Mapping[str, ResolvedVoice],
    models: Mapping[str, ModelFacts],
    *,
    has_take: Callable[[str], bool],
    choices: Mapping[str, Choice] | None = None,
    previous: Sequence[Spoken] = (),
    direct: Callable[[Line, Mapping[str, Any]], Line] | None = None,
    shares: Mapping[str, Mapping[str, float]] | None = None,
) -> Plan:
    """The plan of a script: what is reused, what is rendered, and why.

    Args:
        cast: character to resolved voice.
        models: facts of every model that the cast uses, by id.
        has_take: whether the store holds an undamaged take of a key.
        choices: retakes and approvals by line ID.
        previous: the lines of the last run, for the reasons.
        direct: applies a choice's direction overrides to a line.
        shares: of the characters whose lines several models divide among themselves.
    """
    chosen = choices or {}
    inferred = resolve_emotions(script)
    drafts: list[LinePlan] = []
    for index, chapter in enumerate(script.chapters):
        for line in chapter.lines:
            choice = chosen.get(line.id, Choice())
            line = resolved_line(line, inferred)
            if choice.direction and direct is not None:
                line = direct(line, choice.direction)
            voice = voice_of(line, cast, shares or {})
            draft = _draft(line, index, voice, models[voice.model], script, choice)
            # An emotion asked for a retake is a person's word: what was inferred no longer counts.
            found = None if "emotion" in (choice.direction or {}) else inferred.get(line.id)
            drafts.append(replace(draft, inferred=found))
    before = align(previous, [draft.as_spoken() for draft in drafts])
    lines = [
        _decide(draft, chosen.get(draft.line.id, Choice()), before.get(draft.line.id), has_take)
        for draft in drafts
    ]
    return Plan(script, tuple(lines), dict(models))


def _draft(
    line: Line, chapter: int, voice: ResolvedVoice, facts: ModelFacts, script: Script, choice: Choice
) -> LinePlan:
    spoken = speak(line.text, line.language, script.lexicon, title=line.title)
    capabilities = facts.capabilities
    utterances = tuple(split_utterances(spoken, line.language, capabilities.max_characters))
    parts = key_parts(
        utterances=utterances,
        phonemes=spoken.phonemes if capabilities.phonemes else (),
        language=line.language,
        voice=voice.digest(),
        direction=line.direction,
        engine=facts.engine,
        engine_version=capabilities.version,
        model=facts.model,
        weights_sha256=facts.weights_sha256,
        sample_rate=capabilities.sample_rate,
        alt=choice.alt,
    )
    silent = is_silent(spoken)
    status: Status = "silent" if silent else "render"
    audio_s = 0.0 if silent else estimated_audio_s(spoken.text) / line.direction.rate
    why = f"nothing to say: {silent}" if silent else ""
    return LinePlan(
        line, chapter, voice, spoken, utterances, parts, take_key(parts), status, why, False, audio_s
    )


def _decide(
    draft: LinePlan, choice: Choice, before: Spoken | None, has_take: Callable[[str], bool]
) -> LinePlan:
    if draft.status == "silent":
        return draft
    if choice.locked:
        return _keep_approved(draft, choice, choice.locked, before, has_take)
    if has_take(draft.key):
        return replace(draft, status="reuse", reason="take is there")
    return replace(draft, reason=reason(before, draft.as_spoken()))


def _keep_approved(
    draft: LinePlan, choice: Choice, locked: str, before: Spoken | None, has_take: Callable[[str], bool]
) -> LinePlan:
    why_not = None
    if choice.text != draft.line.text:
        why_not = "its text changed"
    elif choice.voice != draft.voice.written:
        why_not = f"its voice was {choice.voice}"
    elif not has_take(locked):
        why_not = "it is no longer in the store"
    if why_not is None:
        kept = "approved take" if locked == draft.key else "approved take, kept though its key is older"
        return replace(draft, key=locked, status="reuse", reason=kept, locked=True)
    if has_take(draft.key):
        return replace(draft, status="reuse", reason=f"approved take not used: {why_not}")
    why = reason(before, draft.as_spoken())
    return replace(draft, reason=f"{why}; approved take not used: {why_not}")


def estimated_audio_s(spoken: str) -> float:
    """A guess of how long the text takes to say, in seconds."""
    cjk = sum(1 for character in spoken if "\u3040" <= character <= "\u9fff")
    return 0.3 + cjk / CJK_CHARACTERS_PER_S + (len(spoken) - cjk) / CHARACTERS_PER_S
