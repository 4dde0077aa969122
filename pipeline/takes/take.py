"""One rendering of a line, and all that is known of how it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipeline.direction import Realisation
from pipeline.levels import TakeLevels

TAKE_SCHEMA = 1


@dataclass(frozen=True)
class Take:
    """A take in the store: the audio is a mono FLAC at `path`, everything else its metadata.

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

    @property
    def duration_s(self) -> float:
        """Length of the whole file in seconds, edges included."""
        return self.length_samples / self.sample_rate

    def as_json(self) -> dict[str, Any]:
        """The metadata as plain JSON values; the path is where the file lies, so it is left out."""
        value = asdict(self)
        del value["path"]
        value["realisation"]["parameters"] = dict(self.realisation.parameters)
        value["warnings"] = list(self.warnings)
        if self.timing is None:
            del value["timing"]
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any], path: Path) -> Take:
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
        return cls(**fields, path=path)
