"""What was found in a recording, kept beside it: a second look costs nothing, and throwing it away neither.

`grandpa.wav` gets `grandpa.wav.voice.json`. It describes a person's voice: remove it with the recording.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import AudioError, StoreError
from pipeline.files import write_json
from pipeline.hashing import digest_file
from pipeline.identity.encoder import DIMENSIONS, SpeakerEncoder
from pipeline.identity.encoder_weights import ENCODER_SHA256
from pipeline.identity.reference import ReferenceFacts, demand_usable

_log = logging.getLogger(__name__)

# Higher when the checks or the limits change: what was found by older ones is looked at again.
SCHEMA = 1
# Seven digits are all that float32 holds.
DIGITS = 7


class _KeptFacts(BaseModel):
    """The file beside a recording: the fields of `ReferenceFacts`, and what they were found with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    about: Literal["what fullcast found in the recording beside this file; may be removed at any time"]
    found_by: Literal[1]
    encoder: str
    sha256: str
    sample_rate: int
    channels: int
    duration_s: float
    speech_s: float
    peak_dbfs: float
    clipped_share: float
    snr_db: float
    unity: float
    embedding: Annotated[list[float], Field(min_length=DIMENSIONS, max_length=DIMENSIONS)]


def cache_path(reference: Path) -> Path:
    """Where what is known of a recording lies, or would lie."""
    return reference.with_name(f"{reference.name}.voice.json")


def known_reference(
    path: Path, open_encoder: Callable[[], SpeakerEncoder], ephemeral: bool = False
) -> ReferenceFacts:
    """What is in a recording from which a voice is to be known; looked up if the same bytes were before.

    Args:
        open_encoder: gives the encoder; not called when the recording is known.
        ephemeral: leave nothing behind.
    Raises:
        AudioError: as `demand_usable`.
    """
    facts = heard_reference(path, open_encoder, ephemeral)
    if not ephemeral:
        keep_reference(facts)
    return facts


def heard_reference(
    path: Path, open_encoder: Callable[[], SpeakerEncoder], ephemeral: bool = False
) -> ReferenceFacts:
    """As `known_reference`, but nothing is kept: the caller does that when all else is decided.

    Args:
        ephemeral: do not even look at what was kept before.
    Raises:
        AudioError: as `demand_usable`.
    """
    kept = None if ephemeral else _read(path)
    return kept if kept is not None else demand_usable(path, open_encoder())


def _read(path: Path) -> ReferenceFacts | None:
    try:
        kept = _KeptFacts.model_validate_json(cache_path(path).read_bytes())
    except (OSError, ValidationError):
        return None
    try:
        sha256 = digest_file(path)
    except OSError as error:
        raise AudioError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if kept.sha256 != sha256 or kept.encoder != ENCODER_SHA256:
        return None
    said = kept.model_dump(exclude={"about", "found_by", "encoder", "embedding"})
    return ReferenceFacts(path=path, **said, embedding=np.array(kept.embedding, dtype=np.float32))


def keep_reference(facts: ReferenceFacts) -> None:
    """Writes what was found in a recording beside it; where that cannot be, it is found again next time."""
    value = {name: value for name, value in vars(facts).items() if name not in ("path", "embedding")}
    value |= {
        "about": "what fullcast found in the recording beside this file; may be removed at any time",
        "found_by": SCHEMA,
        "encoder": ENCODER_SHA256,
        "embedding": [round(float(number), DIGITS) for number in facts.embedding],
    }
    try:
        write_json(cache_path(facts.path), value)
    except StoreError as error:
        _log.info("what was found in %s is not kept: %s", facts.path, error)
