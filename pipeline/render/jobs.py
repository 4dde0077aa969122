"""Runs sent to a Ray cluster as jobs. Imports ray, whose errors end here.

A job is the ordinary command, run on the cluster by Ray's own job server (the head's dashboard, port 8265).
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Ray reads it when it is imported: no usage reports from a renderer.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

from pipeline.errors import MissingError, UsageError

JOB_PORT = 8265
# What Ray's job server needs beyond plain ray.
NEEDED = ("aiohttp", "aiohttp_cors", "opencensus", "prometheus_client")
# Takes, books and version control have no business on the way to a cluster.
LEFT_BEHIND = (".git", ".venv", "output", "store", ".fullcast", "*.m4b", "*.flac")
# A cluster that was just started takes jobs a little later than it answers.
NO_AGENT = "No available agent"
AGENT_WAIT_S = 60.0
AGENT_LOOK_S = 1.0
ENDED = ("SUCCEEDED", "FAILED", "STOPPED")


@dataclass(frozen=True)
class JobFacts:
    """A job as the cluster tells it.

    Attributes:
        status: PENDING, RUNNING, SUCCEEDED, FAILED or STOPPED.
        exit_code: of the command, once it ended by itself.
        began_s, ended_s: seconds since 1970.
        books: what it renders, as told when it was sent.
    """

    id: str
    status: str
    message: str
    exit_code: int | None
    began_s: float | None
    ended_s: float | None
    books: str

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ENDED


class JobServer:
    """The job server of one cluster. Owns no job: what it sends goes on without it.

    Args:
        address: `HOST`, `HOST:PORT` or a URL.

    Raises:
        MissingError: Ray's job client is not installed, or nobody answers at the address.
    """

    def __init__(self, address: str) -> None:
        missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise MissingError(
                f"Ray's job client is not installed ({', '.join(missing)} is missing)",
                hint="pip install 'fullcast[cluster]'",
            )
        from ray.job_submission import JobSubmissionClient

        logging.getLogger("ray").setLevel(logging.WARNING)
        self.address = url_of(address)
        self._client: Any = self._told(lambda: JobSubmissionClient(self.address))

    def submit(self, command: str, folder: Path | None, books: str) -> str:
        """Sends a command; returns the job's ID.

        Args:
            folder: sent along, the command runs in its copy; None runs it where the cluster's own jobs run.
            books: told by `status`.
        """
        environment: dict[str, Any] = {}
        if folder is not None:
            environment = {"working_dir": str(folder), "excludes": list(LEFT_BEHIND)}

        def send() -> Any:
            return self._client.submit_job(
                entrypoint=command, runtime_env=environment, metadata={"fullcast": books}
            )

        end_s = time.monotonic() + AGENT_WAIT_S
        while True:
            try:
                return str(self._told(send))
            except MissingError as error:
                if NO_AGENT not in str(error) or time.monotonic() > end_s:
                    raise
                time.sleep(AGENT_LOOK_S)

    def facts(self, job: str) -> JobFacts:
        """How a job stands.

        Raises:
            UsageError: there is no such job.
        """
        return _facts(self._told(lambda: self._client.get_job_info(job)))

    def all_facts(self) -> list[JobFacts]:
        """All jobs that were sent by fullcast, the latest first."""
        jobs = [one for one in self._told(self._client.list_jobs) if "fullcast" in (one.metadata or {})]
        return sorted((_facts(one) for one in jobs), key=lambda facts: -(facts.began_s or 0.0))

    def logs(self, job: str) -> str:
        """What a job's command wrote so far."""
        return str(self._told(lambda: self._client.get_job_logs(job)))

    def follow(self, job: str, write: Callable[[str], None]) -> None:
        """Passes on what the job's command writes until it ends."""

        async def tail() -> None:
            async for text in self._client.tail_job_logs(job):
                write(text)

        self._told(lambda: asyncio.run(tail()))

    def cancel(self, job: str) -> bool:
        """Stops a job; False if it had ended already."""
        return bool(self._told(lambda: self._client.stop_job(job)))

    def _told(self, call: Callable[[], Any]) -> Any:
        """The call's answer; what Ray raises becomes one line."""
        from ray.exceptions import AuthenticationError

        try:
            return call()
        except AuthenticationError as error:
            raise MissingError(
                f"the job server at {self.address} wants a token",
                hint="give it by RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH",
            ) from error
        except OSError as error:
            raise MissingError(
                f"no job server answers at {self.address}: {_first_line(error)}",
                hint=f"give the head's dashboard, HOST:{JOB_PORT}",
            ) from error
        except (RuntimeError, ValueError) as error:
            if "does not exist" in str(error):
                raise UsageError(
                    f"no such job at {self.address}", hint="`fullcast status` lists them"
                ) from error
            raise MissingError(f"the job server at {self.address} refuses: {_first_line(error)}") from error


def url_of(address: str) -> str:
    """`http://HOST:PORT` of what a person wrote."""
    if "://" in address:
        return address.rstrip("/")
    return f"http://{address}" if ":" in address else f"http://{address}:{JOB_PORT}"


def _facts(info: Any) -> JobFacts:
    metadata: Mapping[str, str] = info.metadata or {}
    return JobFacts(
        id=str(info.submission_id),
        status=str(getattr(info.status, "value", info.status)),
        message=(info.message or "").strip(),
        exit_code=info.driver_exit_code,
        began_s=None if info.start_time is None else info.start_time / 1000,
        ended_s=None if info.end_time is None else info.end_time / 1000,
        books=metadata.get("fullcast", ""),
    )


def _first_line(error: BaseException) -> str:
    lines: Sequence[str] = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200] if lines else type(error).__name__
