"""Runs the text front end of an EmotiVoice checkout; a program of its own, started by `front.py`.

The user's Python runs it, with the checkout's modules and their packages: nothing of fullcast is imported.
One JSON object a row: `{"text": ..., "english": ...}` comes in, `{"phonemes": ...}` or `{"fault": ...}` goes
out; the first row out says whether all could be imported. It ends when its input does.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

Phonemes = Callable[[str, bool], str]
# Folders of the checkout without __init__.py: any installed package of such a name would be taken instead.
UNMARKED_FOLDERS = ("cn2an", "config", "models")


def main() -> None:
    """Answers until the input ends."""
    home, scratch, lexicon = (Path(argument) for argument in sys.argv[1:4])
    answers = _private_output()
    try:
        phonemes = _front_end(home, scratch, lexicon)
    except Exception as error:  # the checkout's modules may fail in any way, and the far side must hear how
        _answer(answers, {"failed": _kind(error), "module": getattr(error, "name", None), "said": str(error)})
        return
    _answer(answers, {"ready": True})
    for row in sys.stdin:
        asked = json.loads(row)
        try:
            _answer(answers, {"phonemes": phonemes(asked["text"], asked["english"])})
        except Exception as error:  # one text that the front end chokes on is that text's fault only
            _answer(answers, {"fault": f"{_kind(error)}: {error}"})


def _private_output() -> TextIO:
    """The way back; what modules print goes to the error output from here on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    return answers


def _front_end(home: Path, scratch: Path, lexicon: Path) -> Phonemes:
    _look_in(home)
    _forbid_downloads()
    _keep_caches_in(scratch)
    mixed: Any = importlib.import_module("frontend")
    alone: Any = importlib.import_module("frontend_en")
    speller = mixed.G2p()
    words = mixed.read_lexicon(str(lexicon))

    def phonemes(text: str, english: bool) -> str:
        read = alone.get_eng_phoneme if english else mixed.g2p_cn_en
        return str(read(text, speller, words))

    return phonemes


def _look_in(home: Path) -> None:
    """Modules of the checkout come first, and our own folder never."""
    own = str(Path(__file__).parent)
    sys.path[:] = [str(home), *(each for each in sys.path if each and each != own)]
    for name in UNMARKED_FOLDERS:
        folder = home / name
        if folder.is_dir() and not (folder / "__init__.py").exists():
            package = types.ModuleType(name)
            package.__path__ = [str(folder)]
            sys.modules[name] = package


def _forbid_downloads() -> None:
    """Makes nltk say what it lacks instead of fetching it."""
    try:
        nltk: Any = importlib.import_module("nltk")
    except ImportError:
        return  # the import of the front end will name what is missing

    def refuse(name: Any = None, *_: Any, **__: Any) -> bool:
        raise LookupError(f"NLTK data '{name}' is not on this machine")

    nltk.download = refuse


def _keep_caches_in(scratch: Path) -> None:
    """jieba writes its dictionary's cache to a folder shared by all users unless told otherwise."""
    try:
        jieba: Any = importlib.import_module("jieba")
    except ImportError:
        return
    jieba.dt.tmp_dir = str(scratch)


def _answer(answers: TextIO, value: dict[str, Any]) -> None:
    answers.write(json.dumps(value, ensure_ascii=True) + "\n")
    answers.flush()


def _kind(error: Exception) -> str:
    return type(error).__name__


if __name__ == "__main__":
    main()
