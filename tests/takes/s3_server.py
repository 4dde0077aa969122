"""A real S3-compatible server in a process of its own, and a proxy before it that makes it fail as asked."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

USER, SECRET, BUCKET = "fullcast-tests", "not-a-secret-of-anyone", "books"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": USER,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
# What a request meets: None to pass, a status, seconds to wait, "cut" in the middle of the body.
Fault = int | float | str | None
Rule = Callable[[str, str], Fault]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """nanio on a free port, with one empty bucket; objects are files below `folder`/books."""
    (folder / BUCKET).mkdir(parents=True)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "nanio", "serve", "--data-dir", folder, "--port", str(port)]
        + ["--host", "127.0.0.1", "--no-access-log", "--log-level", "error"],
        env=os.environ | {"NANIO_ACCESS_KEY": USER, "NANIO_SECRET_KEY": SECRET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port)
        yield port
    finally:
        process.kill()
        process.wait()


def _await(port: int) -> None:
    deadline_s = time.monotonic() + 60.0
    while time.monotonic() < deadline_s:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the S3 server does not come up")


class Proxy:
    """Passes requests on to a server, unless `rule` says what happens to one. Counts what came."""

    def __init__(self, upstream: int) -> None:
        self.port = free_port()
        self.requests: list[tuple[str, str]] = []
        self.faults = 0
        self.rule: Rule = lambda method, path: None
        self._upstream = upstream
        self._server: ThreadingHTTPServer | None = None
        self.up()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listens."""
        proxy, upstream = self, self._upstream

        class Handler(_Handler):
            owner, upstream_port = proxy, upstream

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        """Refuses new connections."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def down_for(self, seconds: float) -> None:
        """Refuses new connections for a while."""
        self.down()
        threading.Timer(seconds, self.up).start()

    def first(self, *faults: Fault) -> None:
        """The next requests meet these faults, one each; all others pass."""
        left = list(faults)
        self.rule = lambda method, path: left.pop(0) if left else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Proxy
    upstream_port: int

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.owner.requests.append((self.command, self.path))
        fault = self.owner.rule(self.command, self.path)
        self.owner.faults += fault is not None
        if isinstance(fault, int):
            self._answer(fault, [], b"<Error><Code>InternalError</Code><Message>as asked</Message></Error>")
            return
        if isinstance(fault, float):
            time.sleep(fault)
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        if fault == "cut" and not body:  # an upload that was kept, and nobody is told
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._answer(answer.status, answer.getheaders(), body, cut=fault == "cut")

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length")
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        if cut:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Nothing is logged."""
