"""What a finished file must measure, by the name of who takes it. Numbers only; nothing is measured here.

Every loudness is dual mono: a mono file is heard from two loudspeakers and counts 3.01 LU above the value
for its one channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipeline.stitch.timeline import PresetName

Measure = Literal["lufs", "rms"]
Peak = Literal["true", "sample"]
Codec = Literal["aac", "mp3", "flac"]


@dataclass(frozen=True)
class Preset:
    """Levels to master to and rules that the delivered, decoded file is checked against. None: no rule.

    Attributes:
        measure: what `target`, `tolerance` and `accepted` are of: integrated loudness (LUFS), or RMS (dBFS)
            of the whole file, ungated.
        target, tolerance: mastering aims at the target and stays within +-tolerance.
        accepted: lowest and highest value that passes the check.
        ceiling_db, peak: highest peak of the delivered file: true peak (dBTP) or sample peak (dBFS).
        limiter_dbtp: where the master is limited; under the ceiling by what encoding adds.
        sample_rate: of the master and the delivered file, Hz.
        codec, bit_rate: defaults for delivery, bits a second (0 for lossless).
        minimum_bit_rate, constant_bit_rate: what the check asks of a lossy file.
        head_s, tail_s: shortest and longest quiet before the first and after the last sound.
        noise_floor_dbfs: highest RMS of the quietest 0.5 s.
        longest_s: longest file.
    """

    name: PresetName
    measure: Measure | None
    target: float
    tolerance: float
    accepted: tuple[float, float] | None
    ceiling_db: float | None
    peak: Peak
    limiter_dbtp: float | None
    sample_rate: int
    codec: Codec
    bit_rate: int
    minimum_bit_rate: int = 0
    constant_bit_rate: bool = False
    head_s: tuple[float, float] | None = None
    tail_s: tuple[float, float] | None = None
    noise_floor_dbfs: float | None = None
    longest_s: float | None = None


# Source: AES TD1008 for speech (-18 LUFS). FFmpeg's AAC encoder (coder `fast`) lifts limited peaks by
# 0.2 dB, by up to 2 dB with its default coder; the limiter leaves room for the worse.
AUDIOBOOK = Preset(
    name="audiobook",
    measure="lufs",
    target=-18.0,
    tolerance=0.5,
    accepted=(-18.5, -17.5),
    ceiling_db=-1.5,
    peak="true",
    limiter_dbtp=-3.0,
    sample_rate=44_100,
    codec="aac",
    bit_rate=96_000,
    minimum_bit_rate=96_000,
)

# Source: ACX audio submission requirements. LAME at 192 kbit/s takes 0.27 dB off the RMS and moves peaks
# by up to 0.2 dB, hence half a dB between limiter and ceiling.
ACX = Preset(
    name="acx",
    measure="rms",
    target=-20.0,
    tolerance=0.5,
    accepted=(-23.0, -18.0),
    ceiling_db=-3.0,
    peak="sample",
    limiter_dbtp=-3.5,
    sample_rate=44_100,
    codec="mp3",
    bit_rate=192_000,
    minimum_bit_rate=192_000,
    constant_bit_rate=True,
    head_s=(0.5, 1.0),
    tail_s=(1.0, 5.0),
    noise_floor_dbfs=-60.0,
    longest_s=120 * 60.0,
)

# Source: Apple Podcasts' audio requirements: -16 LKFS +-1, -1 dBTP.
PODCAST = Preset(
    name="podcast",
    measure="lufs",
    target=-16.0,
    tolerance=1.0,
    accepted=(-17.0, -15.0),
    ceiling_db=-1.0,
    peak="true",
    limiter_dbtp=-2.0,
    sample_rate=44_100,
    codec="mp3",
    bit_rate=128_000,
)

# Source: EBU R 128 v4.0 (2020): -23.0 LUFS, +-0.2 LU at quality control, -1 dBTP; delivered lossless,
# so the limiter only leaves the meter's own error.
BROADCAST = Preset(
    name="broadcast",
    measure="lufs",
    target=-23.0,
    tolerance=0.2,
    accepted=(-23.2, -22.8),
    ceiling_db=-1.0,
    peak="true",
    limiter_dbtp=-1.2,
    sample_rate=48_000,
    codec="flac",
    bit_rate=0,
)

# Levels as the takes have them: no gain, no limiter, no rule.
NONE = Preset(
    name="none",
    measure=None,
    target=0.0,
    tolerance=0.0,
    accepted=None,
    ceiling_db=None,
    peak="true",
    limiter_dbtp=None,
    sample_rate=44_100,
    codec="aac",
    bit_rate=96_000,
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (AUDIOBOOK, ACX, PODCAST, BROADCAST, NONE)}
