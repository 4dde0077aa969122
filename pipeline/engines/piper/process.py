"""Our side of the pipe: one child process that speaks one voice, started again when it dies."""

from __future__ import annotations

import json
import logging
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from pipeline.audio import Samples
from pipeline.errors import EngineError, LineError, MissingError

_log = logging.getLogger(__name__)

CHILD = Path(__file__).with_name("child.py")
# Loading a voice of 60 MB takes 1 to 2 s, speaking a fifth of the time the words last (measured on one busy
# core). These are for a process that hangs, not for one that is slow.
LOAD_LIMIT_S = 120.0
SPEAK_LIMIT_S, SPEAK_LIMIT_S_PER_CHARACTER = 30.0, 0.5
CLOSE_LIMIT_S = 2.0
# An utterance on which the process dies so often is at fault itself.
DEATHS = 2
SHOWN_CHARACTERS = 200


@dataclass(frozen=True)
class Sentence:
    """What the child is asked to say; `scales` are noise, length and noise of durations."""

    text: str
    seed: int
    speaker: int | None
    scales: tuple[float, float, float]


class _DiedError(Exception):
    """The child ended, or was ended because it gave no answer in time."""


class PiperProcess:
    """A child process with one voice. Owns it: it ends with `close`, or when this process does.

    Args:
        command: the interpreter that has piper-tts, and its options.
        model: the network, with its noise as inputs.
        config: the voice's JSON.
        threads: how many the child may use.
    Raises:
        MissingError: no such interpreter, or it has no piper-tts.
        EngineError: the voice cannot be loaded.
    """

    def __init__(self, command: Sequence[str], model: Path, config: Path, threads: int) -> None:
        self._command = tuple(command)
        self._setup = {"model": str(model), "config": str(config), "threads": threads}
        self._child: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self.version = ""
        self.sample_rate = 0
        self._start()

    @property
    def pid(self) -> int | None:
        """The child's process ID; None when there is none."""
        return None if self._child is None else self._child.pid

    def speak(self, sentence: Sentence) -> tuple[Samples, str]:
        """The sound, float32 (samples,), and its phonemes in IPA; both empty if there is nothing to say.

        Raises:
            LineError: piper cannot say it, or dies on it twice.
            EngineError: the child cannot be started again.
        """
        request = {
            "text": sentence.text,
            "seed": sentence.seed,
            "speaker": sentence.speaker,
            "scales": list(sentence.scales),
        }
        limit_s = SPEAK_LIMIT_S + SPEAK_LIMIT_S_PER_CHARACTER * len(sentence.text)
        for death in range(1, DEATHS + 1):
            if self._child is None:
                self._start()
            try:
                answer, data = self._ask(request, limit_s)
            except _DiedError as error:
                self.close()
                if death == DEATHS:
                    raise LineError(f"piper's process dies on it ({error})") from error
                _log.warning("piper's process is started again (%s)", error)
                continue
            if "error" in answer:
                raise LineError(f"piper cannot say it: {answer['error'][:SHOWN_CHARACTERS]}")
            return np.frombuffer(data, dtype="<f4").astype(np.float32), str(answer["phonemes"])
        raise AssertionError("the last death raises")

    def close(self) -> None:
        """Ends the child. May be called twice."""
        child, self._child = self._child, None
        errors, self._errors = self._errors, None
        if child is not None:
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    _close_quietly(pipe)
            try:
                child.wait(CLOSE_LIMIT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if errors is not None:
            errors.close()

    def _start(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close)
        try:
            self._child = subprocess.Popen(
                [*self._command, "-u", str(CHILD)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
            )
        except OSError as error:
            self.close()
            raise _no_piper(self._command[0], error.strerror or str(error)) from error
        try:
            answer, _ = self._ask(self._setup, LOAD_LIMIT_S)
        except _DiedError as error:
            self.close()
            raise EngineError(f"piper's process does not start: {error}", self._command[0]) from error
        except BaseException:
            self.close()
            raise
        if "error" in answer:
            self.close()
            if answer["kind"] == "missing":
                raise _no_piper(self._command[0], answer["error"])
            said = f"piper cannot load the voice: {answer['error'][:SHOWN_CHARACTERS]}"
            raise EngineError(" ".join(said.split()), where=str(self._setup["model"]))
        self.version, self.sample_rate = str(answer["piper"]), int(answer["sample_rate"])

    def _ask(self, request: dict[str, Any], limit_s: float) -> tuple[dict[str, Any], bytes]:
        """The child's answer and the bytes after it; the child is killed when the time is over."""
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            child.kill()

        watch = threading.Timer(limit_s, end)
        watch.daemon = True
        watch.start()
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
            row = child.stdout.readline()
            answer = json.loads(row) if row.endswith(b"\n") else None
            data = child.stdout.read(answer.get("bytes", 0)) if answer else b""
        except (OSError, ValueError) as error:
            raise _DiedError(self._last_words(late.is_set(), limit_s)) from error
        finally:
            watch.cancel()
        if answer is None or len(data) != answer.get("bytes", 0):
            raise _DiedError(self._last_words(late.is_set(), limit_s))
        return answer, data

    def _last_words(self, late: bool, limit_s: float) -> str:
        """How the child ended, with the last row that it wrote to its error stream."""
        child, errors = self._child, self._errors
        assert child is not None and errors is not None
        if late:
            return f"no answer within {limit_s:.0f} s"
        try:
            status = child.wait(CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:
            return "it sends what is no answer"
        errors.seek(0)
        rows = errors.read().decode("utf-8", "replace").split("\n")
        last = next((row.strip() for row in reversed(rows) if row.strip()), "")
        return f"exit status {status}" + (f", {last[:SHOWN_CHARACTERS]}" if last else "")


def _no_piper(python: str, said: str) -> MissingError:
    return MissingError(
        f"engine piper finds no piper-tts: {said}",
        where=python,
        hint="run: pip install 'fullcast[piper]', or set FULLCAST_PIPER_PYTHON to a Python that has it",
    )


def _close_quietly(pipe: IO[bytes]) -> None:
    """Closes a pipe whose other end may be gone."""
    try:
        pipe.close()
    except OSError:
        _log.debug("a pipe of piper's process was broken already")
