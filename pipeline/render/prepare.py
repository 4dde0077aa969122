"""From a plan to what workers take: jobs that are complete, and how each model is loaded."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.engines.base import Capabilities, LoadRequest, Utterance, VoicePart
from pipeline.engines.catalogue import Catalogue, ModelEntry, ResolvedVoice
from pipeline.engines.entries import Part
from pipeline.plan.key import SEED_BITS
from pipeline.plan.plan import LinePlan, Plan
from pipeline.registry.weights import ResolvedModel, WeightStore
from pipeline.render.cache import too_large
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.node_weights import needed_files
from pipeline.render.schedule import Job
from pipeline.takes.address import StoreAddress
from pipeline.takes.claims import ttl_from_environment

# What a model takes that says nothing of its size and has no files: espeak holds 10 MB.
UNSAID_BYTES = 10_000_000


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
    store: StoreAddress,
    memory_bytes: int,
    device: str,
    threads: int,
    scratch: Path,
    verified: Path | None = None,
    weights: WeightStore | None = None,
) -> WorkerSetup:
    """How workers of this plan are set up.

    Args:
        resolved: the verified files of each model.
        memory_bytes: budget of one worker.
        scratch: where engines may keep converted weights.
        verified: fingerprints of files that were hashed before; None to hash all before a load.
        weights: the driver's; with them a worker on another machine finds or fetches files of its own.
    """
    digests = {model: _digests(resolved[model]) for model in plan.models}
    voices = (entry.file for line in plan.lines for entry, _ in line.voice.parts if entry.file is not None)
    requests = {
        model: LoadRequest(
            model=model,
            files=dict(resolved[model].files),
            device=device,
            threads=threads,
            scratch=scratch,
            parameters=dict(resolved[model].model.parameters),
            digests=digests[model],
        )
        for model in plan.models
    }
    engines = {facts.model: facts.engine for facts in plan.models.values()}
    return WorkerSetup(
        store.resolve() if isinstance(store, Path) else store,
        memory_bytes,
        requests,
        engines,
        sizes=promised_sizes(plan, resolved),
        parts={model: resolved[model].model.parts for model in plan.models},
        digests=digests,
        origins={model: resolved[model].origins() for model in plan.models},
        verified=verified,
        needed=None if weights is None else needed_files(resolved.values(), voices, weights.cache),
        run=secrets.token_hex(6),
        claim_ttl_s=ttl_from_environment(),
    )


def _digests(resolved: ResolvedModel) -> dict[str, str]:
    """SHA-256 of the files that are loaded here; those of a served model are not."""
    return {name: sha256 for name, sha256 in resolved.digests().items() if name in resolved.files}


def promised_sizes(plan: Plan, resolved: Mapping[str, ResolvedModel]) -> dict[str, int]:
    """What each model of the plan promises to hold, in bytes; models without weights here are absent.

    Parts that it may have in common with other models are left out.
    """
    return {
        model: _own_bytes(facts.capabilities, resolved[model])
        for model, facts in plan.models.items()
        if model in resolved
    }


def planned_sizes(plan: Plan, resolved: Mapping[str, ResolvedModel], catalogue: Catalogue) -> dict[str, int]:
    """What each model of the plan will hold with all of its parts; also of those whose files are not here."""
    sizes = {}
    for model_id, facts in plan.models.items():
        model = catalogue.model(model_id)
        found = resolved.get(model_id)
        first = model.forms[0].files if model.forms and not model.served else ()
        files_bytes = sum(file.bytes for file in first) if found is None else _files_bytes(found)
        sizes[model_id] = _whole_bytes(facts.capabilities, model, files_bytes)
    return sizes


def largest_engine_bytes(plan: Plan) -> int:
    """What the largest of the plan's engines takes: how much each worker needs at least."""
    return max((facts.capabilities.memory_bytes for facts in plan.models.values()), default=0)


def _own_bytes(capabilities: Capabilities, resolved: ResolvedModel) -> int:
    """What a model will hold when it is loaded, parts that it shares left out."""
    whole = _whole_bytes(capabilities, resolved.model, _files_bytes(resolved))
    # A model that promises nothing is not loaded ahead; one of which nothing is left still promises.
    return max(whole - sum(part.bytes for part in resolved.model.parts), min(whole, 1))


def _whole_bytes(capabilities: Capabilities, model: ModelEntry, files_bytes: int) -> int:
    """What a model will hold, before it was ever loaded: what it says of itself, or its engine.

    At least its files; a model's own `memory_bytes` stands in its parameters.
    """
    return max(int(model.parameters.get("memory_bytes", capabilities.memory_bytes)), files_bytes)


def _files_bytes(resolved: ResolvedModel) -> int:
    return sum(path.stat().st_size for path in resolved.files.values())


def whole_sizes(sizes: Mapping[str, int], parts: Mapping[str, Iterable[Part]]) -> dict[str, int]:
    """What each model holds when it shares nothing: its promised size and all of its parts."""
    return {model: size + sum(part.bytes for part in parts.get(model, ())) for model, size in sizes.items()}


def demand_room(models: Iterable[str], sizes: Mapping[str, int], memory_bytes: int) -> None:
    """Nothing, if each of the models fits into a worker's memory; asked before any is loaded.

    Args:
        sizes: what each model holds when it shares nothing; 0 where nobody knows.
        memory_bytes: budget of one worker.

    Raises:
        MissingError: one does not fit; the largest is named.
    """
    held = {model: sizes[model] or UNSAID_BYTES for model in models}
    largest = max(held, key=lambda model: (held[model], model), default=None)
    if largest is not None and held[largest] > memory_bytes:
        raise too_large(largest, held[largest], memory_bytes)


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
    facts: dict[str, Any] = {
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
    return facts if planned.inferred is None else {**facts, "inferred": planned.inferred.as_json()}


def _voice_parts(voice: ResolvedVoice, states: Mapping[str, Path]) -> tuple[VoicePart, ...]:
    return tuple(VoicePart(entry.name, weight, states.get(entry.id)) for entry, weight in voice.parts)
