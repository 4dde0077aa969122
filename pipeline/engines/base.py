"""The narrow door between fullcast and whatever speaks: one Protocol, plain data in and out.

An engine takes utterances and gives audio. It knows nothing of lines, takes, chapters or Ray. It lives in
one folder, `engines/<name>/` with `engine.py` and `engine.yaml`, and imports leaves only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pipeline.direction import Direction, Level, Realisation
from pipeline.errors import LineError

if TYPE_CHECKING:  # `fullcast check` reads the catalogue and must not wait for numpy
    from pipeline.audio import Audio


@dataclass(frozen=True)
class VoicePart:
    """One voice of a blend: the engine's own name for it, its share, and the file of its state, if any."""

    name: str
    weight: float = 1.0
    state: Path | None = None


@dataclass(frozen=True)
class Utterance:
    """What an engine says in one call: at most `max_characters` of spoken text in one voice.

    Attributes:
        text: spoken text, after normalisation and respelling; never empty.
        language: BCP 47, lower case: `en-us`, `en-gb`, `zh`.
        voice: one part, or several whose weights add up to 1 (a blend).
        direction: how to say it.
        seed: of this utterance alone; the same seed gives the same audio, whatever else is in the batch.
        phonemes: words of `text` (as they stand there) to the phonemes the lexicon asks for, in IPA.
    """

    text: str
    language: str
    voice: tuple[VoicePart, ...]
    direction: Direction
    seed: int
    phonemes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PhonemeTime:
    """One phoneme symbol, IPA or punctuation, and where it sounds: seconds from the start of the audio."""

    symbol: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Speech:
    """What came out for one utterance, untrimmed, at the engine's own sample rate, mono.

    `phonemes` is what was spoken, where the engine knows; `warnings` say what is not quite as asked
    (a word without a pronunciation, a rate out of bounds). `timing` says when each of them sounds, in order
    and without overlaps; None for an engine that does not know.
    """

    audio: Audio
    phonemes: str | None = None
    realisation: Realisation = Realisation()
    warnings: tuple[str, ...] = ()
    timing: tuple[PhonemeTime, ...] | None = None


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do, as its `engine.yaml` says; readable without importing the engine.

    Attributes:
        version: changes when the same input would give other audio; part of every take's key.
        languages: BCP 47, lower case; ("*",) is any.
        sample_rate: Hz of what it gives.
        max_characters: spoken characters in one utterance; the plan splits longer text.
        emotion_level: the best level at which it realises an emotion.
        blends: whether voices may be mixed.
        phonemes: whether IPA from a lexicon is followed (respellings always are).
        batch_s: seconds of speech worth sending in one call (amortises overhead).
        speed: audio-seconds per second on one CPU core, a first guess for the estimate.
        memory_bytes: what a loaded model takes, working memory included; says how many workers fit.
        embedding_bytes: size of the file that makes a voice what it is; 0 where that may be any.
        clones: whether a voice's state may be reference audio: the model speaks like it.
        emotions: labels that it knows; () is any.
    """

    version: str
    languages: tuple[str, ...]
    sample_rate: int
    max_characters: int
    emotion_level: Level = "none"
    blends: bool = False
    phonemes: bool = False
    batch_s: float = 10.0
    speed: float = 5.0
    memory_bytes: int = 0
    embedding_bytes: int = 0
    clones: bool = False
    emotions: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadePart:
    """A part of a network: the thing itself, SHA-256 of what is in it, and the bytes that it holds."""

    value: Any
    sha256: str
    bytes: int


class Parts(Protocol):
    """The parts that a model may have in common with others, by the engine's own names for them."""

    def __contains__(self, name: object) -> bool:
        """Whether the model declares the part: it is then shared, and not counted by `bytes_held`."""
        ...

    def share(self, name: str, make: Callable[[], MadePart]) -> Any:
        """The part, made now unless another model of this worker has it; the engine must not change it.

        Raises:
            EngineError: what was made is not what the model says its part is.
        """
        ...


class NoParts:
    """A model that shares nothing."""

    def __contains__(self, name: object) -> bool:
        return False

    def share(self, name: str, make: Callable[[], MadePart]) -> Any:
        """The part, made for this model alone."""
        return make().value


@dataclass(frozen=True)
class LoadRequest:
    """Everything an engine needs to make a model ready.

    Attributes:
        model: the registry's id, `kokoro@1.0`.
        files: the model's files by the name that `engine.yaml` gives them, verified, on this machine.
        device: `cpu`, `cuda`, `cuda:0`.
        threads: how many CPU threads it may use.
        parameters: free settings from the registry entry.
        scratch: a folder in the user's cache where converted weights may be kept.
        digests: SHA-256 of the files by the same names, checked before the load; a name may be missing.
        parts: what the model may have in common with others.
        memory_bytes: what all models of the worker together may hold on the device; 0 if nobody said.
    """

    model: str
    files: Mapping[str, Path]
    device: str
    threads: int
    scratch: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    parts: Parts = field(default_factory=NoParts)
    memory_bytes: int = 0


@runtime_checkable
class Prepares(Protocol):
    """An engine that can do part of its work ahead, its front end say, while it speaks something else."""

    def prepare(self, batch: Sequence[Utterance]) -> None:
        """Called from another thread than `synthesize`; remembers what it found, says nothing of failures."""
        ...


class Engine(Protocol):
    """One loaded model. Made by `engine.py`'s `create()` with no arguments; loads nothing before `load`.

    It may also be one that `Prepares`.
    """

    def load(self, request: LoadRequest) -> None:
        """Makes the model ready to speak.

        Raises:
            EngineError: damaged or wrong weights, no such device, not enough memory.
        """
        ...

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """Speaks each utterance; item i of the result belongs to item i of the batch.

        One utterance that cannot be spoken is a `LineError` in its place. Audio of an utterance does not
        depend on its neighbours.

        Raises:
            EngineError: the model itself can go on no more.
            MemoryError: the batch does not fit; the caller halves it.
        """
        ...

    def bytes_held(self) -> int:
        """Memory the loaded model holds now, weights and working memory, in bytes; 0 when unloaded.

        Parts that it shares are left out.
        """
        ...

    def unload(self) -> None:
        """Gives all memory back. May be called twice."""
        ...
