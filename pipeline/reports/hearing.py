"""Word errors and DNSMOS of sounds, by tools that have a Python of their own; without them, no figures.

FULLCAST_EARS_PYTHON   a Python with faster-whisper, speechmos and librosa, or some of them
FULLCAST_EARS_WHISPER  the recognizer's model: a folder, or a name that faster-whisper knows (`base`)
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import MissingError
from pipeline.text.cjk import is_cjk
from pipeline.text.normalize import speak

CHILD = Path(__file__).with_name("hearing_child.py")
PYTHON = "FULLCAST_EARS_PYTHON"
WHISPER = "FULLCAST_EARS_WHISPER"
DEFAULT_WHISPER = "base"
# A minute of sound takes a small recognizer some ten seconds; loading it takes longer on a busy machine.
TIMEOUT_S = 1800.0
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Sound:
    """A sound file with what is said in it, as it should be heard, and its language."""

    path: Path
    spoken: str
    language: str


@dataclass(frozen=True)
class Heard:
    """What came of one sound: the text, wrong and all words, DNSMOS; None where a tool is missing."""

    text: str | None = None
    wrong_words: int | None = None
    words: int | None = None
    dnsmos: float | None = None


def ears() -> str | None:
    """The Python that listens; None if no one named one."""
    return os.environ.get(PYTHON) or None


def listen(sounds: Sequence[Sound], python: str) -> tuple[list[Heard], tuple[str, ...]]:
    """What is heard in each sound, and which tools that Python does not have.

    Raises:
        MissingError: there is no such Python, or it stopped.
    """
    asked = [[str(sound.path), sound.language.partition("-")[0]] for sound in sounds]
    model = os.environ.get(WHISPER) or DEFAULT_WHISPER
    where = f"{PYTHON}={python}"
    try:
        done = subprocess.run(
            [python, str(CHILD), model],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"cannot listen: {error}", where=where) from error
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError) as error:
        rows = [row for row in done.stderr.splitlines() if row.strip()] or [f"exit status {done.returncode}"]
        hint = f"{WHISPER} is {model}"
        raise MissingError(f"cannot listen: {rows[-1]}", where=where, hint=hint) from error
    texts = answer["heard"] or [None] * len(sounds)
    marks = answer["dnsmos"] or [None] * len(sounds)
    found = [_heard(sound, text, mark) for sound, text, mark in zip(sounds, texts, marks, strict=True)]
    return found, tuple(answer["missing"])


def _heard(sound: Sound, text: str | None, mark: float | None) -> Heard:
    if text is None:
        return Heard(dnsmos=mark)
    said = spoken_words(sound.spoken)
    # A recognizer writes figures; what we said was words.
    wrong = word_errors(said, spoken_words(speak(text, sound.language).text))
    return Heard(text, wrong, len(said), mark)


def spoken_words(text: str) -> list[str]:
    """The words of a text as they are compared: no case, no marks; Chinese character by character."""
    words: list[str] = []
    for word in _WORDS.findall(unicodedata.normalize("NFKC", text).casefold()):
        words += list(word) if any(is_cjk(character) for character in word) else [word.replace("’", "'")]
    return words


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """How many words must be changed, put in or taken out to make one of the other.

    Source: Levenshtein 1966, "Binary codes capable of correcting deletions, insertions, and reversals".
    """
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        diagonal, row[0] = row[0], number
        for place, other in enumerate(heard, 1):
            changed = diagonal + (word != other)
            diagonal, row[place] = row[place], min(changed, row[place] + 1, row[place - 1] + 1)
    return row[-1]
