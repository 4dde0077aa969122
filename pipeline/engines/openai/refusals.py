"""What a server's refusal means: this line is at fault, the server or its settings are, or try again."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

from pipeline.engines.openai.settings import ServerSettings
from pipeline.errors import EngineError, FullcastError, LineError

SHOWN_CHARACTERS = 160
# Busy, restarting or overloaded. Source: RFC 9110, 15.5 and 15.6; RFC 6585 (429); RFC 8470 (425).
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# A gateway speaks for a server that is not there.
AWAY = frozenset({429, 502, 503, 504, 529})
# Account words that no waiting cures, though they come with status 429.
_SPENT = ("insufficient_quota", "billing")


class AgainError(Exception):
    """A request that may succeed later.

    `wait_s` is what the server asked for; `ends_engine` says that it is the server's trouble, not the line's.
    """

    def __init__(self, reason: str, wait_s: float | None = None, ends_engine: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s
        self.ends_engine = ends_engine


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, settings: ServerSettings, key: str | None
) -> FullcastError | AgainError:
    """The error to raise for an answer that is not 200.

    Args:
        key: the API key; should the answer quote it, it is struck out.
    """
    said = _said(body, key)
    where = settings.base_url
    prefix = settings.key_env.removesuffix("_API_KEY")
    if status in (401, 403):
        held = "was refused" if key else "is not set"
        return EngineError(
            f"the server wants a valid API key (status {status})", where, f"{settings.key_env} {held}"
        )
    if status == 402 or (status == 429 and any(word in body.decode("utf-8", "replace") for word in _SPENT)):
        return EngineError(f"the account has nothing left to spend (status {status}): {said}", where)
    if status in AGAIN:
        wait_s = retry_after_s(headers.get("retry-after"), time.time())
        return AgainError(f"status {status}: {said}", wait_s, ends_engine=status in AWAY)
    if status == 404 and "voice" not in said.lower():
        hint = f"check {prefix}_BASE_URL and {prefix}_MODEL"
        return EngineError(f"no '/audio/speech' or no model '{settings.model}' here: {said}", where, hint)
    if 300 <= status < 400:
        hint = f"set {prefix}_BASE_URL to where it leads: {headers.get('location', '?')}"
        return EngineError(f"the server is elsewhere (status {status})", where, hint)
    if status in (405, 501):
        return EngineError(f"the server has no speech (status {status}): {said}", where)
    return LineError(f"the server refuses it (status {status}): {said}")


def wrong_type(content_type: str, body: bytes, settings: ServerSettings, key: str | None) -> FullcastError:
    """The error for an answer 200 that is no sound; a page for people is never a speech server's."""
    said = _said(body, key)
    if "html" in content_type:
        hint = "check its address; something else, or a sign-in page, answers there"
        return EngineError(f"the server sends a page ('{content_type}'), not sound", settings.base_url, hint)
    return LineError(f"the server sent '{content_type or 'no type'}' instead of sound: {said}")


def retry_after_s(value: str | None, now_s: float) -> float | None:
    """Seconds that `Retry-After` asks for: a number, or a date in the future. Source: RFC 9110, 10.2.3.

    Args:
        now_s: seconds since 1970.
    """
    if value is None:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now_s
        except (TypeError, ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if seconds == seconds else None  # NaN is no time


def _said(body: bytes, key: str | None) -> str:
    """The server's own words in one row, without the key."""
    text = body.decode("utf-8", "replace").strip()
    with suppress(ValueError):
        text = _message(json.loads(text)) or text
    text = " ".join(text.split())
    if key:
        text = text.replace(key, "***")
    shown = "".join(character for character in text if character.isprintable())[:SHOWN_CHARACTERS]
    return f"'{shown}'" if shown else "it says nothing"


def _message(value: object) -> str | None:
    """The message in what servers of this kind send: {"error": {"message"}}, {"detail"}, {"message"}."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        return _message(value[0])
    if isinstance(value, dict):
        for name in ("error", "message", "detail", "msg"):
            found = _message(value.get(name))
            if found:
                return found
    return None
