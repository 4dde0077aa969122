"""An engine that speaks a line as a tone; small, real and exact, for tests of planning, resuming, stitching.

It is also where faults come from. A word of the text asks for one, so that no setting has to be smuggled
past the plan and any worker process meets it:

    tone-error   this utterance is a LineError; its neighbours are spoken
    tone-crash   the process dies at once, exit status 17, as a fault in native code would end it; so it does
                 while the line is only prepared
    tone-segv    the process reads from address 0: a real segmentation fault
    tone-kill    the process is killed as the kernel does when memory runs out
    tone-memory  the call asks for more memory than any machine has: a real MemoryError
    tone-clock   the clock of the process jumps an hour ahead, and back again with the next such utterance
    tone-hang    the call sleeps an hour
    tone-slow    the call sleeps 0.2 s more

Memory and loading are played by a model's parameters, all optional:

    load_s          loading sleeps so long
    load_error      loading fails with this message
    load_crash      loading ends the process, as tone-crash does
    load_hang       loading sleeps an hour
    memory_bytes    what it says that it holds, a vocoder of its own included
    growth_bytes    what it holds more after each call
    most_at_once    a call with more utterances raises MemoryError
    sleep_per_audio_s  a call sleeps so many seconds for each second of sound: a GPU that takes no CPU
    vocoder         name of a table of `vocoder_bytes` that models may share as their part `vocoder`

A voice with a state (an embedding, reference audio) is a tone of its own: the file's bytes are its pitch.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.audio import Audio
from pipeline.direction import Realisation
from pipeline.engines.base import Engine, LoadRequest, MadePart, Speech, Utterance, VoicePart
from pipeline.errors import EngineError, LineError
from pipeline.hashing import digest_bytes, digest_file

SAMPLE_RATE = 16_000
# About the length of read speech: 17 characters a second.
CHARACTER_S = 0.06
BASE_S = 0.2
EDGE_S = 0.1
FADE_S = 0.03
LEVEL_DBFS = -20.0
NOISE_DBFS = -75.0
BYTES_HELD = 1_000_000
VOICE_HZ = {"low": 110.0, "mid": 165.0, "high": 220.0, "alt": 185.0}
# What full arousal does; the sizes are ours, the directions those of docs: quicker and higher.
AROUSAL_SEMITONES = 3.0
AROUSAL_RATE = 0.15
CRASH_STATUS = 17
HANG_S = 3600.0
SLOW_S = 0.2
CLOCK_JUMP_S = 3600.0


def create() -> Engine:
    """A tone engine, not loaded."""
    return ToneEngine()


class ToneEngine:
    """Speaks tones. Owns no files and no library; each utterance's sound depends on nothing but itself."""

    def __init__(self) -> None:
        self._overtone: float | None = None
        self.prepared = 0
        self._bytes_held = 0
        self._parameters: Mapping[str, Any] = {}
        self._vocoder: npt.NDArray[np.uint8] | None = None

    def load(self, request: LoadRequest) -> None:
        """Takes the model's timbre; costs nothing but what its parameters ask for."""
        try:
            overtone_db = float(request.parameters["overtone_db"])
        except (KeyError, TypeError, ValueError) as error:
            raise EngineError(f"model {request.model} has no overtone_db") from error
        time.sleep(float(request.parameters.get("load_s", 0.0)))
        if "load_crash" in request.parameters:
            os._exit(CRASH_STATUS)
        if "load_hang" in request.parameters:
            time.sleep(HANG_S)
        if "load_error" in request.parameters:
            raise EngineError(str(request.parameters["load_error"]))
        self._parameters = request.parameters
        self._bytes_held = int(request.parameters.get("memory_bytes", BYTES_HELD))
        if "vocoder" in request.parameters:
            name, size_bytes = str(request.parameters["vocoder"]), int(request.parameters["vocoder_bytes"])
            self._vocoder = request.parts.share("vocoder", lambda: vocoder_table(name, size_bytes))
            self._bytes_held -= size_bytes if "vocoder" in request.parts else 0
        self._overtone = 10 ** (overtone_db / 20)

    def prepare(self, batch: Sequence[Utterance]) -> None:
        """Nothing to find out ahead; a line that kills its process does so here already."""
        self.prepared += len(batch)
        if any("tone-crash" in utterance.text for utterance in batch):
            os._exit(CRASH_STATUS)

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """A tone for each utterance, or the fault that its text asks for."""
        if self._overtone is None:
            raise EngineError("the tone engine is not loaded")
        if len(batch) > int(self._parameters.get("most_at_once", len(batch))):
            raise MemoryError(f"{len(batch)} utterances at once")
        self._bytes_held += int(self._parameters.get("growth_bytes", 0))
        answers = [self._speak(utterance, self._overtone) for utterance in batch]
        audio_s = sum(one.audio.duration_s for one in answers if isinstance(one, Speech))
        time.sleep(audio_s * float(self._parameters.get("sleep_per_audio_s", 0.0)))
        return answers

    def bytes_held(self) -> int:
        """A round number, so that tests can count models against a budget."""
        return self._bytes_held

    def unload(self) -> None:
        """Forgets the timbre."""
        self._overtone = self._vocoder = None
        self._bytes_held = 0

    def _speak(self, utterance: Utterance, overtone: float) -> Speech | LineError:
        if "tone-" in utterance.text:
            _play_fault(utterance.text)
        if "tone-error" in utterance.text:
            return LineError(f"the tone engine was asked to fail: '{utterance.text}'")
        unknown = [part.name for part in utterance.voice if not part.state and part.name not in VOICE_HZ]
        if unknown:
            return LineError(f"the tone engine has no voice '{unknown[0]}'")
        return _render(utterance, overtone)


def _play_fault(text: str) -> None:
    """What a word of the text asks for; see the head of this file."""
    if "tone-crash" in text:
        os._exit(CRASH_STATUS)
    if "tone-segv" in text:
        ctypes.string_at(0)
    if "tone-kill" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "tone-memory" in text:
        np.zeros(2**60, dtype=np.uint8)
    if "tone-clock" in text:
        _move_clock()
    if "tone-hang" in text:
        time.sleep(HANG_S)
    if "tone-slow" in text:
        time.sleep(SLOW_S)


def _move_clock() -> None:
    real = getattr(time.time, "__wrapped__", None)
    if real is not None:
        time.time = real
        return
    real = time.time

    def moved() -> float:
        return real() + CLOCK_JUMP_S

    moved.__wrapped__ = real  # type: ignore[attr-defined]
    time.time = moved


def vocoder_table(name: str, size_bytes: int) -> MadePart:
    """A table of bytes that depend on its name alone; it is held and makes no sound."""
    seed = int(digest_bytes(name.encode())[:16], 16)
    table = np.random.Generator(np.random.PCG64(seed)).integers(0, 256, size_bytes, dtype=np.uint8)
    return MadePart(table, digest_bytes(table.tobytes()), table.nbytes)


def _render(utterance: Utterance, overtone: float) -> Speech:
    arousal = utterance.direction.felt.arousal
    semitones = utterance.direction.pitch_semitones + AROUSAL_SEMITONES * arousal
    rate = utterance.direction.rate * (1 + AROUSAL_RATE * arousal)
    frequency_hz = sum(part.weight * _voice_hz(part) for part in utterance.voice) * 2 ** (semitones / 12)
    length_samples = round((BASE_S + CHARACTER_S * len(utterance.text)) / rate * SAMPLE_RATE)
    tone = _tone(frequency_hz, length_samples, overtone)
    edge = np.zeros(round(EDGE_S * SAMPLE_RATE))
    samples = np.concatenate([edge, tone, edge])
    noise = np.random.Generator(np.random.PCG64(utterance.seed)).standard_normal(samples.size)
    samples = samples + noise * 10 ** (NOISE_DBFS / 20)
    return Speech(Audio.mono(samples, SAMPLE_RATE), realisation=_realisation(utterance, semitones, rate))


def _voice_hz(part: VoicePart) -> float:
    """The pitch of a voice: its name's, or 100 to 356 Hz by the bytes of its state."""
    if part.state is None:
        return VOICE_HZ[part.name]
    return 100.0 + int(digest_file(part.state)[:2], 16)


def _tone(frequency_hz: float, length_samples: int, overtone: float) -> npt.NDArray[np.float64]:
    """A tone and its octave, RMS -20 dBFS between fades of 30 ms."""
    phase = 2 * np.pi * frequency_hz * np.arange(length_samples) / SAMPLE_RATE
    tone = np.sin(phase) + overtone * np.sin(2 * phase)
    tone *= 10 ** (LEVEL_DBFS / 20) / np.sqrt((1 + overtone**2) / 2)
    fade_samples = min(round(FADE_S * SAMPLE_RATE), length_samples // 2)
    ramp = (1 - np.cos(np.pi * np.arange(fade_samples) / fade_samples)) / 2
    tone[:fade_samples] *= ramp
    tone[length_samples - fade_samples :] *= ramp[::-1]
    return tone


def _realisation(utterance: Utterance, semitones: float, rate: float) -> Realisation:
    felt = utterance.direction.felt
    if felt.is_neutral:
        return Realisation()
    note = None if felt.style is None else "the tone engine follows no style text"
    if felt.valence == felt.arousal == felt.dominance == 0:
        return Realisation(note=note)
    return Realisation("prosody", (("pitch_semitones", round(semitones, 4)), ("rate", round(rate, 4))), note)
