"""Small masters, books and timelines to publish."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.audio import Audio, encode_flac
from pipeline.direction import Direction, Realisation
from pipeline.levels import TakeLevels
from pipeline.publish.tags import Tags
from pipeline.script.model import Line, Span
from pipeline.stitch.loudness import FileLevels
from pipeline.stitch.timeline import LineSpan, Timeline
from pipeline.takes.take import Take

RATE = 44_100
NARRATOR = "Ann Ü. Reader"
# What a master is said to measure that meets every preset's levels but broadcast's.
LEVELS = FileLevels(
    integrated_lufs=-18.0,
    loudness_range_lu=5.0,
    true_peak_dbtp=-3.0,
    sample_peak_dbfs=-3.0,
    rms_dbfs=-20.0,
    noise_floor_dbfs=-75.0,
    head_s=0.75,
    tail_s=3.0,
    duration_s=2.3,
    sample_rate=RATE,
    channels=1,
    codec="flac",
    bit_rate=400_000,
    constant_bit_rate=False,
    loudness_curve=(),
)
LONG_TITLE = "Ein sehr langer Titel · " + "ü" * 138  # 301 bytes of UTF-8

TAGS = Tags(
    title=LONG_TITLE,
    album="Märchen · 童话",
    author="Jakob Grimm & <Wilhelm>",
    narrators=(NARRATOR, "Zoë"),
    series="Hausmärchen",
    series_part="2",
    subtitle="Erster Band",
    publisher="Reimers Söhne",
    language="de-de",
    isbn="978-3-16-148410-0",
    asin="B00ABC1234",
    description="Zwei Brüder\nsammeln Märchen.",
    year=1812,
    genre="Audiobook",
    copyright="Public domain",
    comment="This audiobook is narrated by a digital voice. AI voice: tone/mid.",
    digital_source="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    track=3,
    tracks=12,
    cover=None,
)


def master(
    path: Path, length_samples: int, sample_rate: int = RATE, peak: float = 0.2, seed: int = 0
) -> Path:
    """A FLAC of a tone that swells, over quiet noise."""
    time = np.arange(length_samples) / sample_rate
    noise = np.random.default_rng(seed).standard_normal(length_samples) * 1e-4
    tone = peak * np.sin(2 * np.pi * 330 * time) * (0.6 + 0.4 * np.cos(2 * np.pi * 4 * time))
    path.write_bytes(encode_flac(Audio.mono(tone + noise, sample_rate)))
    return path


def line_span(
    line_id: str, character: str, text: str, start_samples: int, end_samples: int, seed: int = 1
) -> LineSpan:
    """A line with a take, as it lies in a chapter."""
    spans = (Span("book.md", 12, 0, len(text)),)
    line = Line(line_id, character, text, Direction(), "sentence", spans, "en-us")
    return LineSpan(line, take(line_id, character, text, seed), start_samples, end_samples)


def take(line_id: str, character: str, text: str, seed: int = 1, voice: str = "tone/mid") -> Take:
    """A take's metadata, without a file."""
    return Take(
        key=f"{seed:064x}",
        key_parts={"text": text},
        line_id=line_id,
        character=character,
        text=text,
        spoken=text,
        phonemes=None,
        voice=voice,
        model="tone@1.0",
        engine="tone",
        asked={},
        realisation=Realisation(),
        seed=seed,
        sample_rate=RATE,
        length_samples=RATE,
        levels=TakeLevels(-20.0, -3.0, 0, RATE, 0.0),
        audio_sha256="ab" * 32,
        render_s=0.1,
        rendered_at="2026-01-01T00:00:00Z",
    )


def timeline(*lines: LineSpan, length_samples: int = 10 * RATE, title: str = "One") -> Timeline:
    """A chapter of those lines."""
    return Timeline(title, RATE, length_samples, lines, ())
