"""A bench on which chapters are put together from fixture takes: tone bursts in real FLAC files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import Audio, encode_flac
from pipeline.direction import Direction, Realisation
from pipeline.hashing import digest_bytes
from pipeline.levels import measure_take
from pipeline.script.model import Item, Line, Pacing, Pause, Relation, SceneBreak, Sound, Span
from pipeline.stitch.timeline import CastTake, ChapterScore
from pipeline.takes.take import Take

SPAN = Span("book.md", 1, 0, 1)


class Bench:
    """Makes takes, items and scores; files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def burst(
        self, duration_s: float, sample_rate: int = 24_000, before_s: float = 0.0, after_s: float = 0.0
    ) -> Audio:
        """A 440 Hz tone of about -17 dBFS, swelling like syllables, between digital silence."""
        time = np.arange(round(duration_s * sample_rate)) / sample_rate
        tone = 0.2 * np.cos(2 * np.pi * 440 * time) * (0.8 + 0.2 * np.cos(2 * np.pi * 4 * time))
        before, after = (np.zeros(round(length * sample_rate)) for length in (before_s, after_s))
        return Audio.mono(np.concatenate([before, tone, after]), sample_rate)

    def speechlike(self, duration_s: float, sample_rate: int = 24_000, peak: float = 0.35) -> Audio:
        """Pulses through a resonance: peaks 15 dB over the loudness, as voices have them."""
        time = np.arange(round(duration_s * sample_rate)) / sample_rate
        source = np.random.default_rng(3).standard_normal(time.size) * 0.02
        source[:: sample_rate // 120] += 1.0
        ring = np.arange(200)
        resonance = np.exp(-ring / 25) * np.sin(2 * np.pi * 600 / sample_rate * ring)
        voice = np.convolve(source, resonance)[: time.size] * (0.55 + 0.45 * np.cos(2 * np.pi * 4 * time))
        return Audio.mono(voice * (peak / np.abs(voice).max()), sample_rate)

    def take(self, line_id: str, audio: Audio, voice: str = "tone/mid", **asked: object) -> Take:
        """A take of that audio, written as FLAC."""
        data = encode_flac(audio)
        path = self.folder / f"{line_id}.flac"
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

    def line(self, line_id: str, relation: Relation = "sentence", title: bool = False) -> Line:
        return Line(line_id, "narrator", "a", Direction(), relation, (SPAN,), "en-us", title=title)

    def pause(self, duration_s: float) -> Pause:
        return Pause(duration_s, SPAN)

    def scene_break(self) -> SceneBreak:
        return SceneBreak(SPAN)

    def sound(
        self, name: str, audio: Audio, under: bool = False, gain_db: float = 0.0, duck_db: float = -8.0
    ) -> Sound:
        """A cue of that audio, written as FLAC."""
        file = self.folder / name
        file.write_bytes(encode_flac(audio))
        return Sound(file, gain_db, under, SPAN, duck_db=duck_db)

    def score(
        self,
        items: Sequence[Item],
        takes: Sequence[Take],
        sample_rate: int = 24_000,
        pacing: Pacing | None = None,
    ) -> ChapterScore:
        """A chapter of items whose takes are mixed at 0 dB."""
        cast = {take.line_id: CastTake(take, 0.0) for take in takes}
        return ChapterScore("One", tuple(items), cast, pacing or Pacing(), sample_rate)

    def chapter(self, take: Take, count: int, pacing: Pacing | None = None) -> ChapterScore:
        """`count` lines of one paragraph that all have the same take."""
        lines = [self.line(f"l-{index}", "sentence" if index else "start") for index in range(count)]
        takes = [replace(take, line_id=line.id) for line in lines]
        return self.score(lines, takes, take.sample_rate, pacing)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
