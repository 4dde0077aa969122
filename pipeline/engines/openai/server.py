"""One speech server over HTTP: a request that is tried again until it succeeds or cannot."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.audio import Audio
from pipeline.engines.openai.pace import Pace
from pipeline.engines.openai.refusals import AgainError, refusal, wrong_type
from pipeline.engines.openai.settings import ServerSettings
from pipeline.engines.openai.sound import SoundError, decode, kind_of
from pipeline.errors import EngineError, LineError, MissingError
from pipeline.hashing import digest

if TYPE_CHECKING:
    import httpx

FIRST_WAIT_S, LONGEST_BACKOFF_S = 0.5, 30.0
CONNECT_S = 10.0
# An hour of WAV at 24 kHz; more than that for one line is no speech.
MAX_ANSWER_BYTES = 180_000_000
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# So many lines in a row that the server could not speak are the server's fault.
FAILURES_IN_A_ROW = 5


@dataclass(frozen=True)
class Ask:
    """What is asked of a server for one utterance."""

    text: str
    voice: str
    speed: float
    instructions: str | None
    seed: int


class SpeechServer:
    """Speaks through a server. Owns its connections and the API key, which it never shows; threads share it.

    Args:
        settings: which server, which model, how.
        scratch: where workers agree on the pace.
    Raises:
        MissingError: the HTTP client is not installed.
        EngineError: the API key cannot be one.
    """

    def __init__(self, settings: ServerSettings, scratch: Path) -> None:
        self.settings = settings
        self._key = _key(settings.key_env)
        self._client = _client(settings, self._key)
        file = scratch / f"speech-server-{digest(settings.base_url)[:16]}.next"
        self.pace = Pace(settings.requests_per_minute, file)
        self._lock = threading.Lock()
        self._failures = 0

    def speak(self, ask: Ask) -> Audio:
        """The sound of one utterance, mono, at the server's own sample rate.

        Raises:
            LineError: this one cannot be spoken.
            EngineError: the server cannot be used, or is gone.
        """
        waits = random.Random(ask.seed)  # jitter: workers that failed together must not return together
        for attempt in range(1, self.settings.tries + 1):
            self.pace.wait_turn()
            try:
                audio = self._once(ask)
            except AgainError as error:
                if attempt == self.settings.tries:
                    raise self._given_up(error, attempt) from error
                self._wait(error, attempt, waits)
            else:
                with self._lock:
                    self._failures = 0
                return audio
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Ends waiting requests and closes connections."""
        self.pace.stop()
        self._client.close()

    def _wait(self, error: AgainError, attempt: int, waits: random.Random) -> None:
        backoff_s = min(FIRST_WAIT_S * 2 ** (attempt - 1), LONGEST_BACKOFF_S) * waits.uniform(0.5, 1.0)
        wait_s = max(error.wait_s or 0.0, backoff_s)
        if wait_s > max(self.settings.longest_wait_s, LONGEST_BACKOFF_S):
            raise EngineError(
                f"the server asks for a pause of {wait_s:.0f} s ({error.reason})",
                self.settings.base_url,
                "run the same command again later",
            ) from error
        if error.wait_s is not None:
            self.pace.hold_all(wait_s)
        self.pace.rest(wait_s)

    def _given_up(self, error: AgainError, tries: int) -> LineError | EngineError:
        with self._lock:
            self._failures += 1
            failures = self._failures
        times = "once" if tries == 1 else f"{tries} times"
        if error.ends_engine:
            hint = f"start it, or set {self.settings.key_env.removesuffix('_API_KEY')}_BASE_URL"
            return EngineError(f"{error.reason} (tried {times})", self.settings.base_url, hint)
        if failures >= FAILURES_IN_A_ROW:
            reason = f"the server failed on {failures} lines in a row; the last: {error.reason}"
            return EngineError(reason, self.settings.base_url)
        return LineError(f"{error.reason} (tried {times})")

    def _once(self, ask: Ask) -> Audio:
        data, content_type = self._post(_body(ask, self.settings), len(ask.text))
        pcm = self.settings.format == "pcm"
        textual = content_type.startswith("text/") or "json" in content_type or "xml" in content_type
        if textual and kind_of(data) is None:
            raise wrong_type(content_type, data, self.settings, self._key)
        if not data:
            raise AgainError("the server sent no sound")
        try:
            return decode(data, content_type, self.settings.pcm_rate_hz, pcm)
        except SoundError as error:
            raise AgainError(f"the server's sound is broken: {error}") from error

    def _post(self, body: dict[str, Any], characters: int) -> tuple[bytes, str]:
        """The answer's bytes and type; all errors of the HTTP library end here."""
        import httpx

        limit_s = self.settings.timeout_for(characters)
        url = f"{self.settings.base_url}/audio/speech"
        timeout = httpx.Timeout(limit_s, connect=min(CONNECT_S, limit_s))
        try:
            with self._client.stream("POST", url, json=body, timeout=timeout) as answer:
                data = _read(answer, time.monotonic() + limit_s)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            reason = f"no server answers ({_one_row(error) or 'no connection'})"
            raise AgainError(reason, ends_engine=True) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            raise AgainError(f"no whole answer within {limit_s:.0f} s") from error
        except httpx.TransportError as error:
            raise AgainError(f"the connection broke off ({_one_row(error)})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise EngineError(_one_row(error), self.settings.base_url) from error
        if answer.status_code != 200:
            raise refusal(answer.status_code, answer.headers, data, self.settings, self._key)
        return data, answer.headers.get("content-type", "").lower()


def _read(answer: httpx.Response, deadline_s: float) -> bytes:
    """All bytes of an answer; the library's own time limit counts anew with every piece."""
    pieces: list[bytes] = []
    size = 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise LineError(f"the server sends more than {MAX_ANSWER_BYTES // 1_000_000} MB for it")
        if time.monotonic() > deadline_s:
            raise TimeoutError
        pieces.append(piece)
    return b"".join(pieces)


def _body(ask: Ask, settings: ServerSettings) -> dict[str, Any]:
    """The request; what a server may not know is left out unless it is needed, since some refuse it."""
    body: dict[str, Any] = {
        "model": settings.model,
        "input": ask.text,
        "voice": ask.voice,
        "response_format": settings.format,
    }
    if ask.speed != 1.0:
        body["speed"] = ask.speed
    if ask.instructions is not None:
        body["instructions"] = ask.instructions
    if settings.seed:
        body["seed"] = ask.seed % 2**31  # many servers keep it in a signed 32-bit integer
    return body


def _key(variable: str) -> str | None:
    key = os.environ.get(variable, "").strip()
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise EngineError(
            f"the value of {variable} cannot be an API key", hint="it has blanks or odd letters"
        )
    return key or None


def _client(settings: ServerSettings, key: str | None) -> httpx.Client:
    try:
        import httpx
    except ModuleNotFoundError as error:
        raise MissingError("engine openai needs 'httpx'", hint="run: pip install 'httpx>=0.27,<1'") from error
    headers = {"User-Agent": "fullcast", "Accept": "audio/*, */*"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return httpx.Client(
        headers=headers,
        limits=httpx.Limits(max_connections=settings.concurrency),
        # A proxy for the world outside is not asked for a server on this machine.
        trust_env=urlsplit(settings.base_url).hostname not in LOOPBACK,
    )


def _one_row(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
