"""The 2,014 voices of EmotiVoice, without 2,014 entries that every command would have to read.

`emotivoice/8051` is the voice of LibriVox reader 8051. A checkout that the user has named says which voices
it has (one that was trained further may have more); without one the list of the published model counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.engines.emotivoice.checkout import GENDERS, SPEAKERS, Checkout
from pipeline.engines.emotivoice.settings import HOME_VARIABLE, Settings, read_settings
from pipeline.errors import UsageError

LANGUAGES = ("zh", "en-us", "en-gb")
UNPLACED = "open-source"


def find(engine: str, name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The voice called `name` and its model; whether all files are there is asked when it is loaded.

    Raises:
        UsageError: a setting is wrong.
    """
    settings = read_settings(parameters)
    known = _genders(settings)
    if name not in known:
        return None
    model_id = _model_id(engine, settings)
    return {
        "voice": _voice(name, known[name], model_id, settings),
        "model": {
            "id": model_id,
            "version": Path(settings.generator).name,
            "languages": list(LANGUAGES),
            "parameters": settings.model_dump(mode="json"),
        },
    }


def voices(engine: str, parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All voices, for lists."""
    settings = read_settings(parameters)
    model_id = _model_id(engine, settings)
    return [_voice(name, gender, model_id, settings) for name, gender in _genders(settings).items()]


def _voice(name: str, gender: str | None, model_id: str, settings: Settings) -> Mapping[str, Any]:
    tags = [] if settings.home else [f"needs your checkout: set {HOME_VARIABLE}"]
    return {"id": name, "language": "*", "gender": gender, "model": model_id, "tags": tags}


def _genders(settings: Settings) -> dict[str, str | None]:
    """The voices there are, in the model's order, with their gender where it is known."""
    published = published_voices()
    if settings.home is None or not (settings.home / SPEAKERS).is_file():
        return dict(published)
    checkout = Checkout.of(settings)
    return _genders_of(checkout, (settings.home / SPEAKERS).stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _genders_of(checkout: Checkout, changed_ns: int) -> dict[str, str | None]:
    genders = {**published_voices(), **checkout.genders()}
    return {name: genders.get(name) for name in checkout.speakers()}


def _model_id(engine: str, settings: Settings) -> str:
    """Changes with every file that is heard; while some are missing, the name of the published model."""
    if settings.home is None:
        return f"{engine}@{UNPLACED}"
    mark = Checkout.of(settings).mark()
    return f"{engine}@{Path(settings.generator).name}-{mark}" if mark else f"{engine}@{UNPLACED}"


@lru_cache(maxsize=1)
def published_voices() -> dict[str, str]:
    """Number and gender of the published model's voices, in its own order.

    Source: netease-youdao/EmotiVoice:data/youdao/text/speaker2 and README.md beside it (numbers, genders).
    """
    text = files(__package__).joinpath("voices.txt").read_text(encoding="utf-8")
    rows = [row.split() for row in text.splitlines() if row and not row.startswith("#")]
    if not all(len(row) == 2 and row[1] in GENDERS for row in rows):
        raise UsageError("a row is not a number and F or M", where="emotivoice/voices.txt")
    return {number: GENDERS[letter] for number, letter in rows}
