"""Fixture takes of tone bursts, written as real FLAC files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import Audio, encode_flac
from pipeline.direction import Direction, Realisation
from pipeline.hashing import digest_bytes
from pipeline.levels import measure_take
from pipeline.script.model import Item, Line, Pacing, Relation, Span
from pipeline.stitch.timeline import CastTake, ChapterScore
from pipeline.takes.take import Take

SPAN = Span("book.md", 1, 0, 1)


def burst(duration_s: float, sample_rate: int, before_s: float = 0.0, after_s: float = 0.0) -> Audio:
    """A 440 Hz tone of -17 dBFS with syllables at 4 Hz, between stretches of digital silence."""
    time = np.arange(round(duration_s * sample_rate)) / sample_rate
    tone = 0.2 * np.sin(2 * np.pi * 440 * time) * (0.6 + 0.4 * np.cos(2 * np.pi * 4 * time))
    silences = [np.zeros(round(length * sample_rate)) for length in (before_s, after_s)]
    return Audio.mono(np.concatenate([silences[0], tone, silences[1]]), sample_rate)


@pytest.fixture
def make_take(tmp_path: Path) -> Callable[..., Take]:
    """Writes audio as a take's file and gives the take."""

    def make(line_id: str, audio: Audio, voice: str = "tone/mid", **asked: object) -> Take:
        data = encode_flac(audio)
        path = tmp_path / f"{line_id}.flac"
        path.write_bytes(data)
        return Take(
            key=digest_bytes(data + line_id.encode()),
            key_parts={},
            line_id=line_id,
            character="narrator",
            text="a",
            spoken="a",
            phonemes=None,
            voice=voice,
            model="tone@1",
            engine="tone",
            asked=dict(asked),
            realisation=Realisation(),
            seed=1,
            sample_rate=audio.sample_rate,
            length_samples=audio.length_samples,
            levels=measure_take(audio),
            audio_sha256=digest_bytes(data),
            render_s=0.1,
            rendered_at="2026-01-01T00:00:00Z",
            path=path,
        )

    return make


def line(line_id: str, relation: Relation = "sentence", title: bool = False) -> Line:
    return Line(line_id, "narrator", "a", Direction(), relation, (SPAN,), "en-us", title=title)


def score_of(
    items: tuple[Item, ...], takes: list[Take], sample_rate: int = 24_000, pacing: Pacing | None = None
) -> ChapterScore:
    """A chapter of items whose takes are mixed at 0 dB."""
    cast = {take.line_id: CastTake(take, 0.0) for take in takes}
    return ChapterScore("One", items, cast, pacing or Pacing(), sample_rate)


def repeated(take: Take, count: int) -> tuple[tuple[Item, ...], list[Take]]:
    """`count` lines of one paragraph that all have the same take."""
    lines = tuple(line(f"l-{index}", "sentence" if index else "start") for index in range(count))
    return lines, [replace(take, line_id=item.id) for item in lines]
