"""Piper as an engine: small VITS networks, one a voice, quick on a CPU.

piper-tts is GPL-3.0-or-later. It is no part of fullcast and is never imported here: a process of its own
speaks, under this interpreter if it has piper-tts, or under the one that $FULLCAST_PIPER_PYTHON names.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Sequence

import numpy as np

from pipeline.audio import Audio
from pipeline.engines.base import Engine, LoadRequest, Speech, Utterance
from pipeline.engines.piper.config import PiperConfig, read_config
from pipeline.engines.piper.graph import seeded_graph
from pipeline.engines.piper.process import PiperProcess, Sentence
from pipeline.engines.piper.prosody import Prosody, at_level, moved_in_pitch, prosody_of
from pipeline.errors import EngineError, LineError, UsageError

_log = logging.getLogger(__name__)

PYTHON_VARIABLE = "FULLCAST_PIPER_PYTHON"
# The version that the engine's own version in engine.yaml stands for.
PIPER_VERSION = "1.4.2"
SILENCE_S = 0.2


def create() -> Engine:
    """A Piper engine, not loaded."""
    return PiperEngine()


class PiperEngine:
    """Speaks one Piper voice. Owns the child process that does so; knows the voice's config."""

    def __init__(self) -> None:
        self._process: PiperProcess | None = None
        self._config: PiperConfig | None = None

    def load(self, request: LoadRequest) -> None:
        """Starts the process and loads the voice in it; Piper runs on the CPU, whatever device is asked for.

        Raises:
            MissingError: there is no piper-tts.
        """
        self.unload()
        try:
            model, config_path = request.files["voice.onnx"], request.files["voice.json"]
            config = read_config(config_path)
        except KeyError as error:
            raise EngineError(f"model {request.model} has no file {error}") from error
        except UsageError as error:
            raise EngineError(error.message, error.where, error.hint) from error
        python = os.environ.get(PYTHON_VARIABLE) or sys.executable
        graph = seeded_graph(model, request.scratch, request.digests.get("voice.onnx"))
        process = PiperProcess([python], graph, config_path, request.threads)
        if process.version != PIPER_VERSION:
            _log.warning(
                "piper-tts is %s, not %s: it may read words otherwise", process.version, PIPER_VERSION
            )
        self._process, self._config = process, config

    def synthesize(self, batch: Sequence[Utterance]) -> list[Speech | LineError]:
        """Speech for each utterance, one after the other."""
        if self._process is None or self._config is None:
            raise EngineError("the piper engine is not loaded")
        return [self._speak(self._process, self._config, utterance) for utterance in batch]

    def bytes_held(self) -> int:
        """The memory of the process that speaks."""
        pid = None if self._process is None else self._process.pid
        if pid is None:
            return 0
        import psutil

        try:
            return int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            return 0

    def unload(self) -> None:
        """Ends the process."""
        process, self._process, self._config = self._process, None, None
        if process is not None:
            process.close()

    def _speak(self, process: PiperProcess, config: PiperConfig, utterance: Utterance) -> Speech | LineError:
        if len(utterance.voice) > 1:
            return LineError("piper cannot blend voices", hint="name one voice")
        prosody = prosody_of(utterance.direction)
        text, warnings = _with_phonemes(utterance, config)
        try:
            speaker = _speaker(config, utterance.voice[0].name)
            samples, phonemes = process.speak(
                Sentence(text, utterance.seed, speaker, _scales(config, prosody))
            )
        except LineError as error:
            return error
        if not samples.size:
            warnings.append(f"there is nothing to say in '{utterance.text}'")
            samples = np.zeros(round(SILENCE_S * process.sample_rate), dtype=np.float32)
        samples = at_level(moved_in_pitch(samples, prosody.semitones), prosody.level_db)
        return Speech(
            audio=Audio.mono(samples, process.sample_rate),
            phonemes=phonemes or None,
            realisation=prosody.realisation,
            warnings=(*prosody.warnings, *warnings),
        )


def _scales(config: PiperConfig, prosody: Prosody) -> tuple[float, float, float]:
    usual = config.inference
    return usual.noise_scale, usual.length_scale / prosody.spoken_rate, usual.noise_w


def _speaker(config: PiperConfig, name: str) -> int | None:
    """The number of the speaker in `NAME/SPEAKER`; None for a voice of one.

    Raises:
        LineError: the voice has no such speaker.
    """
    _, slash, speaker = name.partition("/")
    if not slash:
        return None
    number = config.speaker_id_map.get(speaker)
    if number is None and not config.speaker_id_map and speaker.isdigit():
        number = int(speaker)
    if number is None or number >= config.num_speakers:
        raise LineError(f"the voice has no speaker '{speaker}'")
    return number


def _with_phonemes(utterance: Utterance, config: PiperConfig) -> tuple[str, list[str]]:
    """The text as piper reads it, with the lexicon's IPA in its brackets, and what cannot be followed.

    Brackets that are the author's own mean nothing.
    """
    text = utterance.text.replace("[[", "[ [").replace("]]", "] ]")
    warnings: list[str] = []
    for word, phonemes in utterance.phonemes:
        unknown = sorted({sound for sound in phonemes if sound not in config.phoneme_id_map})
        if config.phoneme_type != "espeak" or unknown:
            what = f"has no sound {' '.join(unknown)}" if unknown else "reads letters, not IPA"
            warnings.append(f"the voice {what}: '{word}' is said its own way")
            continue
        marked = f"[[{phonemes}]]"
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", lambda _, marked=marked: marked, text)  # type: ignore[misc]
    return text, warnings
