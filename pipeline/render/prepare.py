"""From a plan to what workers take: jobs that are complete, and how each model is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.engines.base import LoadRequest, Utterance, VoicePart
from pipeline.engines.catalogue import ResolvedVoice
from pipeline.plan.key import SEED_BITS
from pipeline.plan.plan import LinePlan, Plan
from pipeline.registry.weights import ResolvedModel
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.schedule import Job


def line_jobs(plan: Plan, states: Mapping[str, Path]) -> list[LineJob]:
    """One job for each take that is missing, in reading order.

    Args:
        states: the file of each voice's state on this machine, by voice ID; voices without one are absent.
    """
    return [_line_job(plan, line, states) for line in plan.to_render()]


def worker_setup(
    plan: Plan,
    resolved: Mapping[str, ResolvedModel],
    *,
    store: Path,
    memory_bytes: int,
    device: str,
    threads: int,
    scratch: Path,
) -> WorkerSetup:
    """How workers of this plan are set up.

    Args:
        resolved: the verified files of each model.
        memory_bytes: budget of one worker.
        scratch: where engines may keep converted weights.
    """
    requests = {
        model: LoadRequest(
            model=model,
            files=dict(resolved[model].files),
            device=device,
            threads=threads,
            scratch=scratch,
            parameters=dict(resolved[model].model.parameters),
        )
        for model in plan.models
    }
    engines = {facts.model: facts.engine for facts in plan.models.values()}
    return WorkerSetup(store.resolve(), memory_bytes, requests, engines)


def _line_job(plan: Plan, planned: LinePlan, states: Mapping[str, Path]) -> LineJob:
    line = planned.line
    voice = _voice_parts(planned.voice, states)
    seed = int(planned.parts["seed"])
    utterances = tuple(
        Utterance(
            text=text,
            language=line.language,
            voice=voice,
            direction=line.direction,
            seed=(seed + number) % 2**SEED_BITS,
            phonemes=planned.spoken.phonemes,
        )
        for number, text in enumerate(planned.utterances)
    )
    facts = plan.models[planned.voice.model]
    job = Job(planned.key, facts.model, planned.parts["voice"], planned.audio_s / facts.speed)
    return LineJob(
        job=job,
        line_id=line.id,
        character=line.character,
        chapter=plan.script.chapters[planned.chapter].title,
        where=line.where,
        text=line.text,
        spoken=planned.spoken.text,
        voice=planned.voice.written,
        engine=facts.engine,
        utterances=utterances,
        parts=planned.parts,
        asked=asked(planned),
    )


def asked(planned: LinePlan) -> dict[str, Any]:
    """A line's direction as plain JSON values, for the take's metadata and the report."""
    direction = planned.line.direction
    felt = direction.felt
    nearest, distance = felt.nearest_label()
    return {
        "emotion": direction.emotion.describe(),
        "point": [felt.valence, felt.arousal, felt.dominance],
        "nearest": nearest,
        "distance": distance,
        "intensity": direction.intensity,
        "style": direction.emotion.style,
        "rate": direction.rate,
        "pitch": direction.pitch_semitones,
        "gain": direction.gain_db,
    }


def _voice_parts(voice: ResolvedVoice, states: Mapping[str, Path]) -> tuple[VoicePart, ...]:
    return tuple(VoicePart(entry.name, weight, states.get(entry.id)) for entry, weight in voice.parts)
