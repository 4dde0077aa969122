"""Both sides of a comparison planned, rendered where takes are missing, and measured."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import soundfile

from pipeline.audio import Audio, decode_audio
from pipeline.cast.cast import cast_script
from pipeline.engines.catalogue import Catalogue
from pipeline.errors import AudioError, MissingError, UsageError
from pipeline.events import Event
from pipeline.identity.encoder import Embedding, similarity
from pipeline.identity.prints import print_key
from pipeline.identity.rights import demand_rights
from pipeline.plan.plan import LinePlan, ModelFacts, Plan, make_plan
from pipeline.plan.sides import Side
from pipeline.registry.progress import Progress
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.here import render_here
from pipeline.render.voice_prints import Listener
from pipeline.reports import hearing
from pipeline.reports.comparison import Compared, choose_lines, figures_of
from pipeline.reports.hearing import Heard, Sound
from pipeline.script.model import Script
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

EARS_HINT = "For word errors and DNSMOS set FULLCAST_EARS_PYTHON (docs/identity.md)."


@dataclass
class Found:
    """What came of a comparison: the lines in both, what could not be had, what could not be measured."""

    lines: list[Compared] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Pair:
    """One line on both sides, each with its plan, its take and its sound: A before B."""

    lines: tuple[LinePlan, LinePlan]
    takes: tuple[Take, Take]
    sounds: tuple[Audio, Audio]


@dataclass(frozen=True)
class Bench:
    """Where a comparison is made: what there is to speak with, the takes, who hears of what happens."""

    catalogue: Catalogue
    weights: WeightStore
    store: TakeStore
    progress: Progress
    report: Callable[[Event], None]

    def compare(self, script: Script, sides: Mapping[str, Side], count: int, seed: int) -> Found:
        """So many lines of the script by side `a` and side `b`, measured.

        Raises:
            UsageError: a side cannot say the script's languages, or both say all lines the same way.
            PolicyError: a voice has no consent.
            MissingError, StoreError: as `render`.
        """
        found = Found()
        self.store.make_ready()
        plans = {name: self._plan(script, sides[name]) for name in ("a", "b")}
        chosen = [one.line.id for one in choose_lines(plans["a"][0].lines, count, seed)]
        _demand_difference(plans["a"][0], plans["b"][0], chosen)
        takes: dict[str, dict[str, Take]] = {}
        for name, (plan, resolved) in plans.items():
            takes[name] = self._takes(plan, set(chosen), resolved, sides[name].written, found)
        lines = {name: {one.line.id: one for one in plans[name][0].lines} for name in plans}
        pairs = [
            _pair((lines["a"][name], lines["b"][name]), (takes["a"][name], takes["b"][name]))
            for name in chosen
            if name in takes["a"] and name in takes["b"]
        ]
        found.lines = self._measured(pairs, found) if pairs else []
        return found

    def _plan(self, script: Script, side: Side) -> tuple[Plan, dict[str, ResolvedModel]]:
        cast = cast_script(script, self.catalogue).voices
        voices = {name: side.voice_for(voice, self.catalogue) for name, voice in cast.items()}
        parts = [entry for voice in voices.values() for entry, _ in voice.parts]
        demand_rights(parts, self.catalogue, datetime.now().date())
        models = sorted({voices[line.character].model for line in script.lines()})
        resolved = {
            model: self.weights.ensure(self.catalogue.model(model), self.progress) for model in models
        }
        facts = {model: self._facts(found) for model, found in resolved.items()}
        plan = make_plan(script, voices, facts, has_take=lambda key: self.store.get(key) is not None)
        return plan, resolved

    def _facts(self, found: ResolvedModel) -> ModelFacts:
        capabilities = self.catalogue.capabilities(found.model.id)
        sha256 = found.sha256 if found.model.forms else None
        return ModelFacts(found.model.id, found.model.engine, capabilities, sha256, capabilities.speed)

    def _takes(
        self, plan: Plan, chosen: set[str], resolved: Mapping[str, ResolvedModel], side: str, found: Found
    ) -> dict[str, Take]:
        """The takes of the chosen lines by line ID; reasons why there is none are added to what was found."""
        wanted = plan.restricted(lambda line: line.line.id in chosen)
        outcome = render_here(
            wanted, resolved, self.store, self.weights, self.catalogue, self.report, self.progress
        )
        lost = outcome.quarantined
        found.failed += [f"{side}: {job.where}: {reason}" for job, reason in lost.values()]
        takes = {line.line.id: self.store.get(line.key) for line in plan.lines if line.line.id in chosen}
        return {name: take for name, take in takes.items() if take is not None}

    def _measured(self, pairs: Sequence[_Pair], found: Found) -> list[Compared]:
        heard = _heard(pairs, found)
        voices = self._voices(pairs, found)
        return [
            Compared(
                line_id=pair.lines[0].line.id,
                character=pair.lines[0].line.character,
                text=pair.lines[0].line.text,
                a=pair.takes[0],
                b=pair.takes[1],
                of_a=figures_of(pair.takes[0], like_a, heard[2 * number]),
                of_b=figures_of(pair.takes[1], like_b, heard[2 * number + 1]),
                alike=alike,
            )
            for number, (pair, (alike, like_a, like_b)) in enumerate(zip(pairs, voices, strict=True))
        ]

    def _voices(self, pairs: Sequence[_Pair], found: Found) -> list[tuple[float | None, ...]]:
        """For each pair how alike both are, and how like its own voice A and B are; None where unheard."""
        listener = Listener(self.weights, self.progress)
        try:
            listener.encoder()
        except MissingError as error:
            found.notes.append(f"Voices were not compared: {error.message}.")
            return [(None, None, None)] * len(pairs)
        prints = listener.prints([line.voice for pair in pairs for line in pair.lines], self.catalogue)
        found.notes += [f"{voice} could not be heard: {why}." for voice, why in prints.unheard.items()]
        rows: list[tuple[float | None, ...]] = []
        for pair in pairs:
            a, b = (_embedded(listener, audio) for audio in pair.sounds)
            own_a, own_b = (prints.heard.get(print_key(line.voice)) for line in pair.lines)
            rows.append((_alike(a, b), _alike(a, own_a), _alike(b, own_b)))
        return rows


def _demand_difference(a: Plan, b: Plan, chosen: Sequence[str]) -> None:
    """Nothing, if some chosen line is another take on the other side.

    Raises:
        UsageError: there is nothing to compare.
    """
    keys = [{line.key for line in plan.lines if line.line.id in chosen} for plan in (a, b)]
    if keys[0] == keys[1]:
        voices = ", ".join(sorted({f"{line.voice.written} on {line.voice.model}" for line in a.lines}))
        raise UsageError(
            f"both sides are the same: {voices}", hint="name another voice or model for one of them"
        )


def _pair(lines: tuple[LinePlan, LinePlan], takes: tuple[Take, Take]) -> _Pair:
    a, b = (decode_audio(take.flac(), take.key) for take in takes)
    return _Pair(lines, takes, (a, b))


def _heard(pairs: Sequence[_Pair], found: Found) -> list[Heard]:
    """What the recognizer and DNSMOS find in each sound, A before B, pair by pair."""
    python = hearing.ears()
    if python is None:
        found.notes.append(EARS_HINT)
        return [Heard()] * (2 * len(pairs))
    with tempfile.TemporaryDirectory(prefix="fullcast-ears-") as folder:
        asked: list[Sound] = []
        for pair in pairs:
            for line, take, audio in zip(pair.lines, pair.takes, pair.sounds, strict=True):
                path = Path(folder) / f"{len(asked):05}.wav"
                soundfile.write(path, audio.samples, audio.sample_rate)
                asked.append(Sound(path, take.spoken, line.line.language))
        heard, missing = hearing.listen(asked, python)
    found.notes += [f"{name} is not installed in {python}." for name in missing]
    return heard


def _embedded(listener: Listener, audio: Audio) -> Embedding | None:
    try:
        return listener.encoder().embed(audio)
    except AudioError:
        return None


def _alike(one: Embedding | None, other: Embedding | None) -> float | None:
    return None if one is None or other is None else similarity(one, other)
