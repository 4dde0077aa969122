"""A small speech server of our own on this machine; espeak speaks behind it, and faults can be ordered."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pipeline.audio import Audio
from pipeline.direction import Direction
from pipeline.engines.base import LoadRequest, Speech, Utterance, VoicePart
from pipeline.engines.espeak.engine import EspeakEngine

VOICES = {"alloy": "en-us", "onyx": "en-us+m3", "af_a(2)+af_b(1)": "en-us+f3"}
TYPES = {"wav": "audio/wav", "pcm": "audio/pcm;rate=22050", "flac": "audio/flac", "mp3": "audio/mpeg"}
KEY = "sk-secret-of-this-test"
SLOW_S = 1.5


@dataclass
class SpeechHost:
    """The server's switches and its memory.

    `faults` are used up one a request, before `always` counts; `says` answers by a word in the text.
    """

    url: str = ""
    faults: deque[str] = field(default_factory=deque)
    always: str | None = None
    wants_key: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def texts(self) -> list[str]:
        """What was asked for, in order."""
        return [request["input"] for request in self.requests]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: SpeechHost
    engine: EspeakEngine

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is the test's."""

    def do_POST(self) -> None:  # the name is the library's
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        host = self.host
        with host.lock:
            host.requests.append(body)
            host.keys.append(self.headers.get("Authorization"))
            host.moments.append(time.monotonic())
            host.at_once += 1
            host.most_at_once = max(host.most_at_once, host.at_once)
            fault = host.faults.popleft() if host.faults else host.always
        try:
            self._answer(body, fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with host.lock:
                host.at_once -= 1

    def _answer(self, body: dict[str, Any], fault: str | None) -> None:
        if self.path != "/v1/audio/speech":
            return self._json(404, {"detail": "Not Found"})
        if self.host.wants_key and self.headers.get("Authorization") != f"Bearer {KEY}":
            return self._json(401, {"error": {"message": f"bad key {self.headers.get('Authorization')}"}})
        if body["model"] == "no-model":
            return self._json(404, {"error": {"message": "The model `no-model` does not exist"}})
        if body["voice"] not in VOICES:
            return self._json(400, {"error": {"message": f"Unknown voice '{body['voice']}'"}})
        if fault is not None and self._refuse(fault):
            return None
        return self._sound(body, fault)

    def _refuse(self, fault: str) -> bool:
        """Whether the fault was the whole answer."""
        if fault.isdigit():
            self._json(int(fault), {"error": {"message": f"fault {fault}"}})
        elif fault.startswith("429-after-"):
            self._json(429, {"error": {"message": "slow down"}}, {"Retry-After": fault.rpartition("-")[2]})
        elif fault == "429-date":
            self._json(429, {}, {"Retry-After": formatdate(time.time() + 1.2, usegmt=True)})
        elif fault == "quota":
            self._json(429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}})
        elif fault == "moved":
            self._json(301, {}, {"Location": "https://elsewhere.example/v1"})
        elif fault == "html":
            self._bytes(200, "text/html; charset=utf-8", b"<html>Please sign in</html>")
        elif fault == "json":
            self._json(200, {"detail": "no sound today"})
        elif fault == "noise":
            self._bytes(200, "audio/wav", b"these bytes are no sound at all")
        elif fault == "empty":
            self._bytes(200, "audio/wav", b"")
        else:
            return False
        return True

    def _sound(self, body: dict[str, Any], fault: str | None) -> None:
        if fault == "slow":
            time.sleep(SLOW_S)
        audio = self._speak(body)
        if fault == "silence":
            audio = Audio.mono(np.zeros(audio.length_samples), audio.sample_rate)
        if fault == "short":
            audio = Audio(audio.samples[:200], audio.sample_rate)
        data = _encoded(audio, body["response_format"])
        kind = TYPES[body["response_format"]]
        if fault == "streamed":
            data = data[:4] + b"\xff" * 4 + data[8:40] + b"\xff" * 4 + data[44:]
        if fault == "half-wav":
            data = data[: len(data) // 2]
        if fault == "octets":
            kind = "application/octet-stream"
        if fault == "cut":
            self._bytes(200, kind, data, promised=2 * len(data))
            self.close_connection = True
            return
        if fault == "drip":
            self._drip(kind, data)
            return
        self._bytes(200, kind, data)

    def _speak(self, body: dict[str, Any]) -> Audio:
        direction = Direction(rate=body.get("speed", 1.0))
        voice = (VoicePart(VOICES[body["voice"]]),)
        (speech,) = self.engine.synthesize([Utterance(body["input"], "en-us", voice, direction, 1)])
        assert isinstance(speech, Speech), speech
        return speech.audio

    def _drip(self, kind: str, data: bytes) -> None:
        """Some bytes now and then, so that no single wait is long but the whole is."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for start in range(0, len(data), 1000):
            self.wfile.write(data[start : start + 1000])
            self.wfile.flush()
            time.sleep(0.1)

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._bytes(status, "application/json", json.dumps(value).encode(), headers)

    def _bytes(
        self, status: int, kind: str, data: bytes, headers: dict[str, str] | None = None, promised: int = 0
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(promised or len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _encoded(audio: Audio, form: str) -> bytes:
    if form == "pcm":
        return (np.clip(audio.samples[:, 0], -1, 1) * 32767).astype("<i2").tobytes()
    buffer = io.BytesIO()
    soundfile.write(buffer, audio.samples, audio.sample_rate, format=form.upper())
    return buffer.getvalue()


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def start(scratch: Path, port: int = 0) -> tuple[SpeechHost, _Server]:
    """A running server; `shutdown()` and `server_close()` end it."""
    host = SpeechHost()
    engine = EspeakEngine()
    engine.load(LoadRequest("espeak@1.52", {}, "cpu", 1, scratch))
    handler = type("Handler", (_Handler,), {"host": host, "engine": engine})
    server = _Server(("127.0.0.1", port), handler)
    host.url = f"http://127.0.0.1:{server.server_port}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return host, server
