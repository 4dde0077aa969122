"""Text to EmotiVoice's phonemes, by the front end of the user's checkout in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pipeline.engines.emotivoice.checkout import LEXICON, Checkout
from pipeline.engines.emotivoice.wording import is_chinese, readable, unspeakable
from pipeline.errors import EngineError, LineError, MissingError
from pipeline.files import make_folder

CHILD = Path(__file__).with_name("front_child.py")
# Reading the English lexicon and jieba's dictionary takes 2 to 5 s; a busy machine may need far longer.
START_S = 180.0
ANSWER_S = 60.0
END_S = 5.0
LOG_TAIL_BYTES = 2000
EDGE = "<sos/eos>"
# Tokens that are heard as nothing but a pause.
PAUSE = re.compile(r"^(sp\d|engsp\d|cn_eng_sp|eng_cn_sp|spn|_|[?.!,]|<sos/eos>)$")
PYTHON_VARIABLES = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONSAFEPATH")
# Keys of servers and hubs are no business of a checkout's code.
SECRET = re.compile("KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
CHILD_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Pronunciation:
    """The phonemes of a text, edges included, and warnings about what of it is not spoken."""

    tokens: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def is_sounded(self) -> bool:
        """Whether anything but pauses is in it."""
        return not all(PAUSE.match(token) for token in self.tokens)


class FrontEnd:
    """Owns the child process and the words exchanged with it; starts it again if it should end.

    One an engine; not for several threads.
    """

    def __init__(self, checkout: Checkout, python: str | None, scratch: Path) -> None:
        self._checkout = checkout
        self._python = python or sys.executable
        self._scratch = scratch
        self._child: _Child | None = None

    def start(self) -> None:
        """Starts the child and waits until it can answer.

        Raises:
            MissingError: the Python, or a package or data that the checkout needs, is not there.
            EngineError: the checkout's modules fail otherwise.
        """
        if self._child is None:
            self._child = _Child(self._python, self._checkout, make_folder(self._scratch))

    def pronounce(self, text: str) -> Pronunciation:
        """The phonemes of a text; text without Chinese characters is read as English.

        Raises:
            LineError: the front end cannot read this text, or nothing of it is spoken though it has letters.
            EngineError: it cannot be started again.
        """
        written = readable(text)
        self.start()
        assert self._child is not None
        try:
            said = self._child.ask({"text": written, "english": not is_chinese(written)})
        except _GoneError as error:
            self.close()
            raise LineError(
                f"EmotiVoice's front end stopped at '{_short(text)}': {error}", hint="word the line otherwise"
            ) from error
        if "phonemes" not in said:
            raise LineError(f"EmotiVoice's front end cannot read '{_short(text)}': {said.get('fault')}")
        unsaid = unspeakable(written)
        found = Pronunciation(tuple(str(said["phonemes"]).split()), _warnings(unsaid))
        if not found.is_sounded and any(each.isalnum() for each in text):
            raise LineError(f"EmotiVoice speaks Chinese and English; nothing of '{_short(text)}' is either")
        return found

    def close(self) -> None:
        """Ends the child. May be called twice."""
        child, self._child = self._child, None
        if child is not None:
            child.end()


def _warnings(unsaid: list[str]) -> tuple[str, ...]:
    return (f"EmotiVoice cannot say '{''.join(unsaid)}': left out",) if unsaid else ()


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


class _GoneError(Exception):
    """The child ended or does not answer."""


class _Child:
    """One running front end. A thread of its own reads its answers, so that waiting can end."""

    def __init__(self, python: str, checkout: Checkout, scratch: Path) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        arguments = [str(checkout.home), str(scratch), str(checkout.home / LEXICON)]
        try:
            self._process = subprocess.Popen(
                [python, str(CHILD), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=checkout.home,
                env=child_environment(),
                encoding="utf-8",
            )
        except OSError as error:
            self._log.close()
            raise MissingError(
                f"cannot run '{python}': {error.strerror}", hint="set FULLCAST_EMOTIVOICE_PYTHON to a Python"
            ) from error
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="emotivoice-front", daemon=True)
        self._reader.start()
        try:
            said = self._next(START_S)
        except _GoneError as error:
            self.end()
            raise EngineError(
                f"EmotiVoice's front end did not start: {error}", where=str(checkout.home)
            ) from error
        if "ready" not in said:
            self.end()
            raise _not_started(said, python, checkout)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question.

        Raises:
            _GoneError: the child has ended, or gives none in a minute.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise _GoneError(self._last_words()) from error
        return self._next(ANSWER_S)

    def end(self) -> None:
        """Lets the child end, or ends it."""
        if self._process.stdin is not None:
            # It may have ended already with something unsent.
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for row in self._process.stdout:
            self._answers.put(row)
        self._answers.put(None)

    def _next(self, limit_s: float) -> dict[str, Any]:
        try:
            row = self._answers.get(timeout=limit_s)
        except queue.Empty:
            self._process.kill()
            raise _GoneError(f"no answer in {limit_s:.0f} s") from None
        if row is None:
            raise _GoneError(self._last_words())
        try:
            value = json.loads(row)
        except ValueError as error:
            raise _GoneError(f"it said '{_short(row.strip())}'") from error
        if not isinstance(value, dict):
            raise _GoneError(f"it said '{_short(row.strip())}'")
        return value

    def _last_words(self) -> str:
        """The last row of what the child printed."""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - LOG_TAIL_BYTES))
        rows = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return rows[-1].strip() if rows else f"it ended with {self._process.poll()}"


def child_environment() -> dict[str, str]:
    """The user's environment less secrets and what puts other packages first, and off the network."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in PYTHON_VARIABLES and not SECRET.search(name)
    }
    return kept | CHILD_ENVIRONMENT


def _not_started(said: dict[str, Any], python: str, checkout: Checkout) -> MissingError | EngineError:
    """The error for a front end whose modules could not be imported."""
    module, message = said.get("module"), str(said.get("said"))
    if said.get("failed") == "ModuleNotFoundError" and module:
        return MissingError(
            f"EmotiVoice's front end needs the Python package '{module}', which {python} does not have",
            hint="install it there, or set FULLCAST_EMOTIVOICE_PYTHON to a Python that has the checkout's"
            " requirements",
        )
    if said.get("failed") == "LookupError":
        first = message.strip().split("\n")[0]
        return MissingError(
            f"EmotiVoice's front end: {first}",
            hint="it needs the NLTK data cmudict, averaged_perceptron_tagger and"
            " averaged_perceptron_tagger_eng (as zip files in a folder that NLTK_DATA names)",
        )
    return EngineError(
        f"EmotiVoice's front end did not start: {said.get('failed')}: {message}", where=str(checkout.home)
    )
