"""One sound of a pack made: from an engine's take or a person's recording to files on disk and its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.audio import Audio, read_audio
from pipeline.errors import AudioError, StoreError
from pipeline.files import atomic_path, json_rows
from pipeline.game.as_script import PackLine
from pipeline.game.pack_sound import LineSound, SoundTarget, line_sound, ogg_bytes, wav_bytes
from pipeline.game.pack_state import Wanted
from pipeline.game.visemes import PhonemeTimes, mouth_cues, rhubarb_json
from pipeline.hashing import digest_bytes
from pipeline.takes.take import Take


@dataclass(frozen=True)
class Made:
    """What became of one sound.

    Attributes:
        sums: SHA-256 by file, relative to the pack; the first is that of the sound.
        note: what the engine could not do of the direction, or of what was asked; None if nothing.
        no_times: whether visemes were asked for and nobody knows when the phonemes sound.
    """

    sums: Mapping[str, str]
    duration_s: float
    lufs: float
    peak_dbtp: float
    take_keys: tuple[str, ...] = ()
    note: str | None = None
    viseme: str | None = None
    no_times: bool = False


def viseme_path(line: PackLine) -> str:
    """Where the mouth shapes of a line lie, relative to the pack."""
    return f"{line.voiced.locale}/viseme/{line.stem}.json"


def make_taken(wanted: Wanted, pack: Path, target: SoundTarget, visemes: tuple[str, ...] | None) -> Made:
    """Puts a person's recording into the pack.

    Raises:
        AudioError: it cannot be read.
        StoreError: the pack cannot be written.
    """
    assert wanted.recording is not None
    audio = read_audio(wanted.recording.path)
    sound = line_sound(audio, target, wanted.line.direction.gain_db)
    return _written(wanted, sound, pack, None, visemes, ())


def make_spoken(
    wanted: Wanted,
    takes: Sequence[Take],
    pack: Path,
    target: SoundTarget,
    visemes: tuple[str, ...] | None,
) -> Made:
    """Puts an engine's take into the pack, or several with pauses between them.

    Raises:
        AudioError: a take cannot be read.
        StoreError: the pack cannot be written.
    """
    audio, timing = joined(takes, wanted.line.pauses_s)
    sound = line_sound(audio, target, wanted.line.direction.gain_db)
    return _written(wanted, sound, pack, timing, visemes, takes)


def joined(takes: Sequence[Take], pauses_s: Sequence[float]) -> tuple[Audio, PhonemeTimes | None]:
    """The takes in a row, with exactly the pauses between one's last and the next one's first sound.

    The phonemes' times are None if those of one take are not known.
    """
    first = _audio(takes[0])
    if len(takes) == 1:
        return first, takes[0].timing
    rate = first.sample_rate
    pieces: list[np.ndarray] = []
    times: list[tuple[str, float, float]] = []
    length = 0
    for take, pause_s in zip(takes, [*pauses_s, 0.0], strict=True):
        start, end = take.levels.voiced_samples
        offset_s = (length - start) / rate
        times.extend(
            (symbol, begin_s + offset_s, end_s + offset_s) for symbol, begin_s, end_s in take.timing or ()
        )
        silence = np.zeros(round(pause_s * rate), dtype=np.float32)
        pieces += [_audio(take).to_mono().samples[start:end, 0], silence]
        length += end - start + silence.size
    known = all(take.timing is not None for take in takes)
    return Audio.mono(np.concatenate(pieces), rate), times if known else None


def _audio(take: Take) -> Audio:
    if take.path is None:
        raise StoreError(f"take {take.key[:12]} has no file")
    return read_audio(take.path)


def _written(
    wanted: Wanted,
    sound: LineSound,
    pack: Path,
    timing: PhonemeTimes | None,
    visemes: tuple[str, ...] | None,
    takes: Sequence[Take],
) -> Made:
    encoders: dict[str, Callable[[], bytes]] = {
        "wav": lambda: wav_bytes(sound.pcm),
        "ogg": lambda: ogg_bytes(sound.pcm, wanted.speech_hash),
    }
    sums: dict[str, str] = {}
    for name, path in wanted.paths.items():
        sums[path] = _keep(pack / path, encoders[name]())
    viseme = None
    if visemes is not None and timing is not None:
        viseme = viseme_path(wanted.line)
        sums[viseme] = _keep(pack / viseme, _viseme_bytes(wanted, viseme, sound, timing, visemes))
    return Made(
        sums=sums,
        duration_s=round(sound.duration_s, 3),
        lufs=sound.lufs,
        peak_dbtp=sound.peak_dbtp,
        take_keys=tuple(take.key for take in takes),
        note=unrealised_note(takes, wanted.line),
        viseme=viseme,
        no_times=visemes is not None and timing is None,
    )


def _viseme_bytes(
    wanted: Wanted, path: str, sound: LineSound, timing: PhonemeTimes, visemes: tuple[str, ...]
) -> bytes:
    first = next(iter(wanted.paths.values()))
    up = "../" * path.count("/")
    cues = mouth_cues(timing, sound.duration_s, sound.start_s, visemes)
    value = rhubarb_json(f"{up}{first}", sound.duration_s, cues)
    return ("".join(json_rows(value, 2)) + "\n").encode()


def unrealised_note(takes: Sequence[Take], line: PackLine) -> str | None:
    """What the engine did not do of the direction; None if all was done or nothing asked."""
    felt = line.direction.felt
    for take in takes:
        if take.realisation.note:
            return f"{take.engine}: {take.realisation.note}"
        if not felt.is_neutral and take.realisation.level == "none":
            return f"{take.engine} cannot do '{line.direction.emotion.describe()}'"
    return None


def _keep(path: Path, data: bytes) -> str:
    """Writes a file unless it holds these bytes already; gives their SHA-256."""
    with atomic_path(path, keep_same=True) as temporary:
        temporary.write_bytes(data)
    return digest_bytes(data)


def why_not(error: AudioError, wanted: Wanted) -> str:
    """The reason for a line's row in the index, without paths of this machine."""
    if wanted.recording is not None:
        return f"{wanted.recording.file}: {error.message}"
    return error.message
