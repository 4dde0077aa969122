"""How far a download is: a bar on a terminal, plain lines everywhere else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

PLAIN_EVERY_S = 10.0


class Progress(Protocol):
    """Hears of one file at a time: `start`, any number of `advance`, `done` or `failed`."""

    def start(self, name: str, total_bytes: int) -> None:
        """A file of this size begins."""
        ...

    def advance(self, n: int) -> None:
        """So many more bytes of it are here."""
        ...

    def done(self) -> None:
        """It is here, whole and right."""
        ...

    def failed(self) -> None:
        """Nothing more comes of it: the source stopped, or gave something else."""
        ...


class NoProgress:
    """Says nothing."""

    def start(self, name: str, total_bytes: int) -> None:
        """Ignored."""

    def advance(self, n: int) -> None:
        """Ignored."""

    def done(self) -> None:
        """Ignored."""

    def failed(self) -> None:
        """Ignored."""


class BarProgress:
    """A bar that redraws itself; for a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: tqdm[Any] | None = None

    def start(self, name: str, total_bytes: int) -> None:
        """Draws an empty bar."""
        from tqdm import tqdm

        self._bar = tqdm(
            total=total_bytes, desc=name, unit="B", unit_scale=True, file=self._stream, leave=False
        )

    def advance(self, n: int) -> None:
        """Redraws the bar when it is due."""
        if self._bar is not None:
            self._bar.update(n)

    def done(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def failed(self) -> None:
        """Takes the bar away."""
        self.done()


class PlainProgress:
    """One line when a file begins, one when it is through, one every ten seconds between; for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._name = ""
        self._total_bytes = 0
        self._got_bytes = 0
        self._said_at_s = 0.0

    def start(self, name: str, total_bytes: int) -> None:
        """Names the file and its size."""
        self._name, self._total_bytes, self._got_bytes = name, total_bytes, 0
        self._said_at_s = time.monotonic()
        self._say(f"{megabytes(total_bytes)} MB")

    def advance(self, n: int) -> None:
        """Says how far it is, but not more often than every ten seconds."""
        self._got_bytes += n
        now_s = time.monotonic()
        if now_s - self._said_at_s >= PLAIN_EVERY_S:
            self._said_at_s = now_s
            self._say(f"{megabytes(self._got_bytes)} of {megabytes(self._total_bytes)} MB")

    def done(self) -> None:
        """Says that the file is here."""
        self._say("done")

    def failed(self) -> None:
        """Says at which byte it stopped, or that the file is another one than was wanted."""
        whole = self._got_bytes >= self._total_bytes
        self._say("not what it must be" if whole else f"stopped at {megabytes(self._got_bytes)} MB")

    def _say(self, text: str) -> None:
        self._stream.write(f"{self._name}: {text}\n")
        self._stream.flush()


def progress_for(stream: TextIO) -> Progress:
    """A bar if `stream` is a terminal, plain lines otherwise."""
    return BarProgress(stream) if stream.isatty() else PlainProgress(stream)


def megabytes(size_bytes: int) -> str:
    """Millions of bytes with one digit behind the point: `92.4`."""
    return f"{size_bytes / 1e6:.1f}"
