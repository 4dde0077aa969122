"""Does a finished file meet the rules of who is to take it: one verdict a rule, on the sound as decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import AudioError, UsageError
from pipeline.stitch.loudness import FileLevels, measure_file
from pipeline.stitch.presets import Preset

# To be shown with every check against ACX's rules: passing them is not being accepted.
ACX_NOTICE = (
    "ACX takes human narration only, unless it has authorized otherwise: unauthorized text-to-speech is"
    " refused whatever it measures. Its rules also ask for opening and closing credits as files, for each"
    " chapter's title read aloud and for a retail sample of 1 to 5 minutes. Read ACX's current submission"
    " requirements before you upload."
)

AUDIO_SUFFIXES = (".flac", ".m4a", ".m4b", ".mp3", ".ogg", ".opus", ".wav")
# What each preset's taker accepts as a file. `pcm` stands for every uncompressed form.
ACCEPTED_CODECS: dict[str, tuple[str, ...]] = {
    "acx": ("mp3",),
    "audiobook": ("aac", "flac"),  # the .m4b that is delivered, and the chapters it was made of
    "podcast": ("aac", "mp3"),
    "broadcast": ("flac", "pcm"),
}
# Podcast directories take any common rate; the others name one.
FIXED_RATE_PRESETS = ("acx", "audiobook", "broadcast")
# Frames of 26 ms do not fill a second evenly, so a constant rate is met to this share. FFmpeg's AAC of a
# nominal 64 / 96 kbit/s measures 64..75 / 96..107 on speech with room tone, 85 for 96 on pure tones: eight
# tenths tell them apart.
CONSTANT_SHARE = 0.99
VARIABLE_SHARE = 0.80
LOUDNESS_DIGITS = 2
SECONDS_DIGITS = 3


# Chapter files by their ending, as codecs; and of those, the ones that lose nothing.
CODEC_OF_FORMAT = {"mp3": "mp3", "flac": "flac", "opus": "opus", "wav": "pcm"}
LOSSLESS_CODECS = ("flac", "pcm")


def demand_formats(preset: str, formats: Sequence[str]) -> None:
    """Nothing, if chapter files of these formats can be of use with the preset.

    Beside a book that is delivered compressed, any other format is for the author's own ears. A taker of
    lossless files alone has no use for a compressed one.

    Raises:
        UsageError: one is compressed and the preset's taker accepts lossless files only.
    """
    codecs = ACCEPTED_CODECS.get(preset, ())
    if not codecs or any(codec not in LOSSLESS_CODECS for codec in codecs):
        return
    refused = [each for each in formats if CODEC_OF_FORMAT[each] not in codecs]
    if refused:
        known = " or ".join(each for each, codec in CODEC_OF_FORMAT.items() if codec in codecs)
        raise UsageError(f"preset '{preset}' takes no {refused[0]} files", hint=f"its formats: {known}")


@dataclass(frozen=True)
class RuleResult:
    """One rule's verdict: its name, what the file measures, what is asked, in words for a table."""

    rule: str
    value: str
    limit: str
    ok: bool


def check_file(path: Path, preset: Preset) -> list[RuleResult]:
    """The verdict of every rule of the preset on a file from anywhere; the preset `none` refuses nothing.

    Raises:
        AudioError: the ending is not one of a sound file, or there is no sound in it.
    """
    if path.suffix.lower() not in AUDIO_SUFFIXES:
        known = ", ".join(AUDIO_SUFFIXES)
        raise AudioError(f"'{path.suffix}' is not the ending of a sound file", str(path), f"known: {known}")
    return judge(measure_file(path), preset)


def check_files(paths: Sequence[Path], preset: Preset) -> dict[Path, list[RuleResult]]:
    """`check_file` of each file of one book; ACX also wants all of them mono or all stereo.

    Raises:
        AudioError: as `check_file`.
    """
    verdicts = {path: check_file(path, preset) for path in paths}
    channels = {
        path: next((result.value for result in results if result.rule == "channels"), "")
        for path, results in verdicts.items()
    }
    alike = len(set(channels.values())) <= 1
    for path, results in verdicts.items():
        verdicts[path] = [
            replace(result, ok=result.ok and alike, limit="all mono or all stereo")
            if result.rule == "channels"
            else result
            for result in results
        ]
    return verdicts


def judge(levels: FileLevels, preset: Preset) -> list[RuleResult]:
    """The verdict of every rule of the preset on measurements that are at hand.

    A value is compared as it is shown, rounded to 0.01 dB or 1 ms, so that no table says `-3.00 > -3.00`.
    """
    return [*_level_rules(levels, preset), *_file_rules(levels, preset), *_edge_rules(levels, preset)]


def _level_rules(levels: FileLevels, preset: Preset) -> Iterator[RuleResult]:
    if preset.measure == "rms":
        yield _between("rms", levels.rms_dbfs, preset.accepted, "dB", LOUDNESS_DIGITS)
    else:
        yield _between("loudness", levels.integrated_lufs, preset.accepted, "LUFS", LOUDNESS_DIGITS)
    if preset.peak == "sample":
        peak_db, unit = levels.sample_peak_dbfs, "dBFS"
    else:
        peak_db, unit = levels.true_peak_dbtp, "dBTP"
    yield _at_most("peak", peak_db, preset.ceiling_db, unit, LOUDNESS_DIGITS)
    if preset.noise_floor_dbfs is not None:
        floor = preset.noise_floor_dbfs
        yield _at_most("noise-floor", levels.noise_floor_dbfs, floor, "dB RMS", LOUDNESS_DIGITS)


def _file_rules(levels: FileLevels, preset: Preset) -> Iterator[RuleResult]:
    codecs = ACCEPTED_CODECS.get(preset.name)
    if codecs is not None:
        kind = "pcm" if levels.codec.startswith("pcm_") else levels.codec
        yield RuleResult("codec", levels.codec, " or ".join(codecs), kind in codecs)
    if preset.name in FIXED_RATE_PRESETS:
        ok = levels.sample_rate == preset.sample_rate
        yield RuleResult("sample-rate", f"{levels.sample_rate} Hz", f"{preset.sample_rate} Hz", ok)
    if preset.constant_bit_rate:
        value = "constant" if levels.constant_bit_rate else "variable"
        yield RuleResult("constant-bit-rate", value, "constant", levels.constant_bit_rate)
    if preset.minimum_bit_rate:
        share = CONSTANT_SHARE if preset.constant_bit_rate else VARIABLE_SHARE
        ok = levels.bit_rate >= preset.minimum_bit_rate * share
        least = f">= {preset.minimum_bit_rate // 1000} kbit/s"
        least += "" if preset.constant_bit_rate else f" (of variable rate {share:.0%})"
        yield RuleResult("bit-rate", f"{levels.bit_rate / 1000:.1f} kbit/s", least, ok)
    if preset.name in ACCEPTED_CODECS:
        names = {1: "mono", 2: "stereo"}
        value = names.get(levels.channels, f"{levels.channels} channels")
        yield RuleResult("channels", value, "mono or stereo", levels.channels in names)


def _edge_rules(levels: FileLevels, preset: Preset) -> Iterator[RuleResult]:
    if preset.longest_s is not None:
        seconds = round(levels.duration_s, SECONDS_DIGITS)
        ok = seconds <= preset.longest_s
        yield RuleResult("length", _minutes(seconds), f"<= {_minutes(preset.longest_s)}", ok)
    if preset.head_s is not None:
        yield _between("head", levels.head_s, preset.head_s, "s", SECONDS_DIGITS)
    if preset.tail_s is not None:
        yield _between("tail", levels.tail_s, preset.tail_s, "s", SECONDS_DIGITS)


def _between(
    rule: str, value: float, limits: tuple[float, float] | None, unit: str, digits: int
) -> RuleResult:
    shown = round(value, digits)
    if limits is None:
        return RuleResult(rule, f"{shown:.{digits}f} {unit}", "none", True)
    low, high = limits
    asked = f"{low:g}..{high:g} {unit}"
    return RuleResult(rule, f"{shown:.{digits}f} {unit}", asked, low <= shown <= high)


def _at_most(rule: str, value: float, limit: float | None, unit: str, digits: int) -> RuleResult:
    shown = round(value, digits)
    if limit is None:
        return RuleResult(rule, f"{shown:.{digits}f} {unit}", "none", True)
    return RuleResult(rule, f"{shown:.{digits}f} {unit}", f"<= {limit:g} {unit}", shown <= limit)


def _minutes(seconds: float) -> str:
    minutes, rest_s = divmod(seconds, 60)
    return f"{int(minutes)}:{rest_s:06.3f}".removesuffix(".000")
