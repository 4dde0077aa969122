"""One rendering of a line, and all that is known of how it was made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline.direction import Realisation
from pipeline.errors import StoreError
from pipeline.hashing import digest_bytes
from pipeline.levels import TakeLevels

TAKE_SCHEMA = 1


@dataclass(frozen=True)
class Take:
    """A take in the store: the audio is a mono FLAC, read with `flac`; everything else is its metadata.

    Attributes:
        key: SHA-256 of `key_parts`; names the files.
        key_parts: what the audio depends on, part by part (see plan/key.py).
        line_id, character: of the line it was first made for; not part of the key.
        text, spoken, phonemes: as written; as said; after G2P where the engine knows.
        asked, realisation: the direction as words, and what the engine made of it.
        audio_sha256: of the FLAC file's bytes.
        render_s: seconds the engine worked for it.
        rendered_at: UTC, ISO 8601.
        timing: symbol, start and end in seconds of each phoneme, where the engine knows them. Takes of
            earlier versions have none.
        path: where the audio lies if that is a file; None if it is in a bucket.
        read: gives the audio's checked bytes, from the store; None for a take that is in none.
    """

    key: str
    key_parts: dict[str, Any]
    line_id: str
    character: str
    text: str
    spoken: str
    phonemes: str | None
    voice: str
    model: str
    engine: str
    asked: dict[str, Any]
    realisation: Realisation
    seed: int
    sample_rate: int
    length_samples: int
    levels: TakeLevels
    audio_sha256: str
    render_s: float
    rendered_at: str
    warnings: tuple[str, ...] = ()
    schema: int = TAKE_SCHEMA
    timing: tuple[tuple[str, float, float], ...] | None = None
    path: Path | None = field(default=None, compare=False)
    read: Callable[[], bytes] | None = field(default=None, compare=False, repr=False)

    @property
    def duration_s(self) -> float:
        """Length of the whole file in seconds, edges included."""
        return self.length_samples / self.sample_rate

    def flac(self) -> bytes:
        """The bytes of the FLAC file, their SHA-256 checked.

        Raises:
            StoreError: the take is in no store, or its audio is gone or damaged.
        """
        if self.read is not None:
            return self.read()
        if self.path is None:
            raise StoreError(f"take {self.key[:12]} of line '{self.line_id}' is in no store")
        data = self.path.read_bytes()
        if digest_bytes(data) != self.audio_sha256:
            raise StoreError(
                f"take {self.key[:12]} of line '{self.line_id}' is damaged", where=str(self.path)
            )
        return data

    def as_json(self) -> dict[str, Any]:
        """The metadata as plain JSON values; where the audio lies is left out."""
        value = asdict(replace(self, path=None, read=None))
        del value["path"], value["read"]
        value["realisation"]["parameters"] = dict(self.realisation.parameters)
        value["warnings"] = list(self.warnings)
        if self.timing is None:
            del value["timing"]
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Take:
        """The take that `as_json` gave.

        Raises:
            KeyError, TypeError: it is of another schema or damaged.
        """
        realisation = dict(value["realisation"])
        realisation["parameters"] = tuple(sorted(realisation["parameters"].items()))
        fields = dict(value)
        fields["realisation"] = Realisation(**realisation)
        fields["levels"] = TakeLevels(**value["levels"])
        fields["warnings"] = tuple(value["warnings"])
        if "timing" in value:
            fields["timing"] = tuple((str(symbol), start, end) for symbol, start, end in value["timing"])
        return cls(**fields)
