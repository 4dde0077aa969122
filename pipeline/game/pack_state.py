"""What of a pack is there already, line by line, and what has to be made; one question to the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pipeline.engines.catalogue import Catalogue, ResolvedVoice
from pipeline.game.as_script import PackLine, alt_of
from pipeline.game.pack_index import IndexRow
from pipeline.game.pack_sound import SoundTarget
from pipeline.game.stems import Layout, Sound
from pipeline.game.takes import RecordedTake
from pipeline.hashing import digest
from pipeline.takes.choose import Choice

HASH_SCHEMA = 1
StalePolicy = Literal["fail", "keep", "tts"]
# `cached`: all files are there for this very speech; `taken`: a recording goes into the pack; `speak`: an
# engine's take does, made now or found in the store.
WantedStatus = Literal["cached", "taken", "speak"]


@dataclass(frozen=True)
class Wanted:
    """One sound that the pack is to have.

    Attributes:
        paths: its files by format, relative to the pack.
        recording: the take of a person that is used in place of the engine's.
        stale: a recording that was made for an older text, used or not.
        before: its row in the pack as it was.
        reason: why it is made, in words; empty if it is cached.
    """

    line: PackLine
    status: WantedStatus
    speech_hash: str
    paths: Mapping[Sound, str]
    recording: RecordedTake | None = None
    stale: RecordedTake | None = None
    before: IndexRow | None = None
    reason: str = ""


@dataclass(frozen=True)
class Rules:
    """What of a project decides on every sound alike."""

    layouts: Mapping[str, Layout]
    target: SoundTarget
    stale: StalePolicy = "fail"
    seed: int = 0
    visemes: tuple[str, ...] | None = None


class Hasher:
    """Gives the speech hash of lines; remembers what voices and models have in common. One a run."""

    def __init__(self, catalogue: Catalogue, rules: Rules, chosen: Mapping[str, Choice]) -> None:
        self._rules = rules
        self._chosen = chosen
        self._version = cache(lambda model: catalogue.capabilities(model).version)
        self._voices: dict[str, str] = {}

    def of(self, line: PackLine) -> str:
        """SHA-256 of all that the sound depends on, if an engine speaks it.

        The weights are not part of it: a plan can be made where there are none. A model's ID has its version.
        """
        choice = self._chosen.get(line.key, Choice())
        voiced, direction = line.voiced, line.direction
        settings = {
            "schema": HASH_SCHEMA,
            "engine_version": self._version(line.voice.model),
            "language": line.language,
            "alt": alt_of(line, choice, self._rules.seed),
            "override": dict(choice.direction) if choice.direction else None,
            "pauses": list(line.pauses_s),
            "gain": direction.gain_db,
            "loudness": self._rules.target.as_key(),
            "visemes": None if self._rules.visemes is None else list(self._rules.visemes),
        }
        return digest(
            {
                "spoken": list(line.texts),
                "direction": [voiced.direction_text, direction.as_key()],
                "emotion": voiced.emotion,
                "locale": voiced.locale,
                "voice": self._voice(line.voice),
                "engine": line.voice.engine,
                "model": line.voice.model,
                "settings": settings,
            }
        )

    def of_recording(self, line: PackLine, take: RecordedTake) -> str:
        """SHA-256 of all that the sound depends on, if a person spoke it."""
        return digest(
            {
                "schema": HASH_SCHEMA,
                "recording": take.sha256,
                "locale": line.voiced.locale,
                "gain": line.direction.gain_db,
                "loudness": self._rules.target.as_key(),
            }
        )

    def _voice(self, voice: ResolvedVoice) -> str:
        if voice.written not in self._voices:
            self._voices[voice.written] = voice.digest()
        return self._voices[voice.written]


def decide(
    lines: Iterable[PackLine],
    rules: Rules,
    hasher: Hasher,
    before: Mapping[str, IndexRow],
    takes: Mapping[tuple[str, str], RecordedTake],
    is_there: Callable[[str], bool],
) -> list[Wanted]:
    """What becomes of each line, in order.

    Args:
        before: the rows of the pack as it is, by `PackLine.key`.
        takes: recordings by `PackLine.sound_id` and locale.
        is_there: whether a file of the pack, named relative to it, is on disk.
    """
    return [_decided(line, rules, hasher, before.get(line.key), takes, is_there) for line in lines]


def _decided(
    line: PackLine,
    rules: Rules,
    hasher: Hasher,
    row: IndexRow | None,
    takes: Mapping[tuple[str, str], RecordedTake],
    is_there: Callable[[str], bool],
) -> Wanted:
    take = takes.get((line.sound_id, line.voiced.locale))
    stale = take if take is not None and take.state == "stale" else None
    used = None if stale is not None and rules.stale == "tts" else take
    layout = rules.layouts[line.voiced.locale]
    paths = {sound: layout.path(line.voiced.id or "", line.stem, sound) for sound in layout.sounds}
    speech_hash = hasher.of(line) if used is None else hasher.of_recording(line, used)
    same = row is not None and row.speech_hash == speech_hash and row.status == "voiced"
    if row is not None and same and _has_files(row, paths, is_there):
        return Wanted(line, "cached", speech_hash, paths, used, stale, row)
    if used is not None:
        return Wanted(line, "taken", speech_hash, paths, used, stale, row, "recording is new to the pack")
    why = "its files are gone" if same else why_changed(row, line)
    return Wanted(line, "speak", speech_hash, paths, None, stale, row, why)


def _has_files(row: IndexRow, paths: Mapping[Sound, str], is_there: Callable[[str], bool]) -> bool:
    return set(row.sounds) == set(paths.values()) and all(is_there(path) for path in row.files)


def why_changed(row: IndexRow | None, line: PackLine) -> str:
    """Why a line is spoken anew, by what its row in the pack says."""
    if row is None or row.status != "voiced":
        return "new line" if row is None else f"it was {row.status}"
    if row.origin != "tts":
        return "its recording is gone"
    voiced = line.voiced
    if row.spoken != voiced.spoken:
        return "text changed"
    if row.voice != line.voice.written:
        return f"voice was {row.voice}, now {line.voice.written}"
    if row.model != line.voice.model:
        return f"model was {row.model}, now {line.voice.model}"
    if (row.direction, row.emotion) != (voiced.direction_text, voiced.emotion):
        return "direction changed"
    return "settings changed"


def by_key(rows: Sequence[IndexRow]) -> dict[str, IndexRow]:
    """The rows that have a stem, by `locale/stem`."""
    return {row.key: row for row in rows if row.stem is not None}
