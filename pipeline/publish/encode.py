"""Masters to the files that listeners take: MP3, Opus, WAV, FLAC. Owns every call to FFmpeg's encoders.

Sound is streamed block by block, so memory does not grow with the book. The bytes depend on the masters,
the settings and the tags alone: no dates, no encoder versions, no random serial numbers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import av.error
from av.audio.frame import AudioFrame
from av.codec.context import Flags

from pipeline.errors import AudioError, MissingError
from pipeline.files import atomic_path
from pipeline.publish.chapters import ChapterMark, check_marks
from pipeline.publish.tags import Tags, write_tags
from pipeline.stitch.presets import Preset

Format = Literal["flac", "mp3", "opus", "wav"]
FORMATS: tuple[Format, ...] = ("flac", "mp3", "opus", "wav")

# Source: ACX submission requirements for MP3; 32 kbps mono Opus is transparent enough for speech.
MP3_BIT_RATE = 192_000
# LAME's own default is 3; 7 takes two thirds of the time and errs less on speech (docs/publishing.md).
MP3_LEVEL = "7"
OPUS_BIT_RATE = 32_000
OPUS_SAMPLE_RATE = 48_000
# What MPEG-1 Layer III knows; lower rates cannot carry 192 kbps. Source: ISO/IEC 11172-3, 2.4.2.3.
MP3_SAMPLE_RATES = (32_000, 44_100, 48_000)
# RIFF keeps its length in 32 bits; the rest is left to header and tags.
MAX_WAV_BYTES = (1 << 32) - (1 << 26)


@dataclass(frozen=True)
class Encoding:
    """How sound is encoded: FFmpeg's names of muxer, codec and sample format, and the options of both.

    `bit_rate` is None where the codec is lossless.
    """

    muxer: str
    codec: str
    sample_format: str
    sample_rate: int
    bit_rate: int | None = None
    codec_options: Mapping[str, str] = field(default_factory=dict)
    muxer_options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shape:
    """What all masters of one file must have in common."""

    sample_rate: int
    channels: int


def encode_chapter(
    master: Path,
    out: Path,
    format: Format,
    preset: Preset,
    tags: Tags,
    bit_rate: int | None = None,
) -> Path:
    """`out`, holding the chapter's master in `format` with its tags.

    Args:
        master: a FLAC file of 1 or 2 channels.
        preset: gives the sample rate of MP3 and WAV; Opus is always 48 kHz, FLAC as the master is.
        bit_rate: bits per second of MP3 (constant) or Opus (on average). Without it: for MP3 the preset's
            if MP3 is its codec, else 192,000; for Opus 32,000.

    Raises:
        AudioError: the master cannot be decoded, or does not fit the format.
        MissingError: FFmpeg was built without the codec.
        StoreError: `out` cannot be written.
    """
    return encode_book([master], (), out, format, preset, tags, bit_rate)


def encode_book(
    masters: Sequence[Path],
    chapters: Sequence[ChapterMark],
    out: Path,
    format: Format,
    preset: Preset,
    tags: Tags,
    bit_rate: int | None = None,
) -> Path:
    """`out`, holding all masters one after the other in one file with chapter marks; see `encode_chapter`.

    FLAC takes one master, whose sound is copied bit for bit.
    """
    shape = masters_shape(masters)
    with atomic_path(out) as temporary:
        if format == "flac":
            _copy_flac(masters, chapters, temporary)
        else:
            encoding = encoding_of(format, preset, bit_rate)
            total_samples = stream(masters, temporary, encoding, shape)
            check_marks(chapters, total_samples)
        write_tags(temporary, tags, chapters, shape.sample_rate)
    return out


def encoding_of(format: Format, preset: Preset, bit_rate: int | None = None) -> Encoding:
    """The settings of a format as a preset wants it delivered.

    Raises:
        AudioError: the format does not know that sample rate, or has no bit rate to choose.
    """
    if format == "mp3":
        if preset.sample_rate not in MP3_SAMPLE_RATES:
            raise AudioError(f"MP3 cannot be written at {preset.sample_rate} Hz", hint="use 44100 or 48000")
        default = preset.bit_rate if preset.codec == "mp3" else MP3_BIT_RATE
        return Encoding(
            "mp3",
            "libmp3lame",
            "fltp",
            preset.sample_rate,
            bit_rate or default,
            codec_options={"compression_level": MP3_LEVEL},
            # No ID3 tag from FFmpeg: it counts at most 255 chapters and files comments under TXXX.
            muxer_options={"id3v2_version": "0"},
        )
    if format == "opus":
        return Encoding("ogg", "libopus", "flt", OPUS_SAMPLE_RATE, bit_rate or OPUS_BIT_RATE)
    if format == "wav":
        if bit_rate is not None:
            raise AudioError(f"WAV has no bit rate to choose, {bit_rate} was asked for")
        # Room tone lies some 20 dB above one step of 16 bits and dithers by itself.
        return Encoding("wav", "pcm_s16le", "s16", preset.sample_rate)
    raise AudioError(f"no encoder for '{format}'", hint=f"there are: {', '.join(FORMATS)}")


def masters_shape(masters: Sequence[Path]) -> Shape:
    """The sample rate and channel count that all masters share.

    Raises:
        AudioError: there is no master, one cannot be read, or they differ.
    """
    if not masters:
        raise AudioError("there is no master to encode")
    shapes = [_shape(master) for master in masters]
    for master, shape in zip(masters, shapes, strict=True):
        if shape != shapes[0]:
            raise AudioError(
                f"master has {shape.sample_rate} Hz and {shape.channels} channels,"
                f" the first has {shapes[0].sample_rate} Hz and {shapes[0].channels}",
                where=str(master),
                hint="stitch all chapters with the same preset",
            )
    return shapes[0]


def stream(
    masters: Sequence[Path],
    out: Path,
    encoding: Encoding,
    shape: Shape,
    chapters: Sequence[ChapterMark] = (),
) -> int:
    """How many samples (at the masters' rate) were encoded to `out`; `out` is not written atomically here.

    All masters pass one resampler, so that rounding never adds up from chapter to chapter.
    """
    options = {"fflags": "+bitexact", **encoding.muxer_options}
    samples_read = [0]
    with foreign_errors(out), av.open(str(out), "w", format=encoding.muxer, options=options) as container:
        context, encode = _encoder(container, encoding, shape)
        if chapters:
            container.set_chapters(_av_chapters(chapters, shape.sample_rate))
        layout = "mono" if shape.channels == 1 else "stereo"
        resampler = av.AudioResampler(context.format, layout, encoding.sample_rate)
        position = 0
        for frame in _resampled(masters, resampler, samples_read):
            frame.pts = position
            frame.time_base = Fraction(1, encoding.sample_rate)
            position += frame.samples
            container.mux(encode(frame))
            _check_wav_size(encoding, position * shape.channels * 2, out)
        container.mux(encode(None))
    return samples_read[0]


def mux(
    packets: Iterable[tuple[bytes, int]],
    padding_samples: int,
    out: Path,
    encoding: Encoding,
    shape: Shape,
    chapters: Sequence[ChapterMark] = (),
) -> None:
    """Writes packets that are encoded already to `out`, as `stream` would have written them.

    Args:
        packets: each with the samples that it lasts.
        padding_samples: how long the sound of the first packets is that stands before the first sample.
    """
    options = {"fflags": "+bitexact", **encoding.muxer_options}
    with foreign_errors(out), av.open(str(out), "w", format=encoding.muxer, options=options) as container:
        _encoder(container, encoding, shape)
        if chapters:
            container.set_chapters(_av_chapters(chapters, shape.sample_rate))
        container.start_encoding()
        track = container.streams.audio[0]
        time_base = Fraction(1, encoding.sample_rate)
        position = -padding_samples
        for data, lasts_samples in packets:
            packet = av.Packet(data)
            packet.stream = track
            packet.time_base = time_base
            packet.pts = packet.dts = position
            packet.duration = lasts_samples
            packet.is_keyframe = True
            container.mux_one(packet)
            position += lasts_samples


@contextmanager
def foreign_errors(path: Path) -> Iterator[None]:
    """Turns FFmpeg's exceptions about `path` into ours; the operating system's refusals pass as OSError."""
    try:
        yield
    except av.codec.codec.UnknownCodecError as error:
        raise MissingError(
            f"FFmpeg has no encoder '{error}'", where=str(path), hint="install PyAV's own wheel"
        ) from error
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise AudioError(f"cannot be encoded: {error.strerror}", where=str(path)) from error


def _encoder(container: Any, encoding: Encoding, shape: Shape) -> tuple[Any, Any]:
    stream = container.add_stream(
        encoding.codec, rate=encoding.sample_rate, options=dict(encoding.codec_options)
    )
    set_up(stream.codec_context, encoding, shape)
    return stream.codec_context, stream.encode


def set_up(context: Any, encoding: Encoding, shape: Shape) -> None:
    """Nothing; the codec context is set to encode that sound in that way."""
    context.layout = "mono" if shape.channels == 1 else "stereo"
    context.format = encoding.sample_format
    context.time_base = Fraction(1, encoding.sample_rate)
    context.flags |= Flags.bitexact
    if encoding.bit_rate is not None:
        context.bit_rate = encoding.bit_rate


def _av_chapters(chapters: Sequence[ChapterMark], sample_rate: int) -> list[Any]:
    time_base = Fraction(1, sample_rate)
    return [
        {
            "id": number,
            "start": mark.start_samples,
            "end": mark.end_samples,
            "time_base": time_base,
            "metadata": {"title": mark.title},
        }
        for number, mark in enumerate(chapters)
    ]


def _resampled(
    masters: Sequence[Path], resampler: av.AudioResampler, samples_read: list[int]
) -> Iterator[AudioFrame]:
    for master in masters:
        for frame in _decoded(master):
            samples_read[0] += frame.samples
            # Without a time stamp the resampler counts samples; each file's own would start at 0 again.
            frame.pts = None
            yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _decoded(master: Path) -> Iterator[AudioFrame]:
    try:
        with av.open(str(master)) as container:
            yield from container.decode(audio=0)
    except av.error.FFmpegError as error:
        raise AudioError(f"master cannot be decoded: {error.strerror}", where=str(master)) from error


def _shape(master: Path) -> Shape:
    try:
        with av.open(str(master)) as container:
            if not container.streams.audio:
                raise AudioError("there is no sound in it", where=str(master))
            context = container.streams.audio[0].codec_context
            shape = Shape(context.sample_rate, context.channels)
    except av.error.FFmpegError as error:
        raise AudioError(f"master cannot be read: {error.strerror}", where=str(master)) from error
    if shape.channels not in (1, 2):
        raise AudioError(f"master has {shape.channels} channels, 1 or 2 are known", where=str(master))
    return shape


def _check_wav_size(encoding: Encoding, written_bytes: int, out: Path) -> None:
    if encoding.muxer == "wav" and written_bytes > MAX_WAV_BYTES:
        raise AudioError("a WAV file cannot be longer than 4 GiB", where=str(out), hint="use FLAC")


def _copy_flac(masters: Sequence[Path], chapters: Sequence[ChapterMark], out: Path) -> None:
    if len(masters) != 1:
        raise AudioError(f"a FLAC file takes one master, {len(masters)} were given", hint="use m4b")
    with masters[0].open("rb") as source:
        if source.read(4) != b"fLaC":
            raise AudioError("master is no FLAC file", where=str(masters[0]))
    shutil.copyfile(masters[0], out)
    if chapters:
        check_marks(chapters, sum(frame.samples for frame in _decoded(masters[0])))
