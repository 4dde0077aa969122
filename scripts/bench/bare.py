"""Processes that hold an engine and nothing else: what Ray workers are compared with."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil
from measure import Cost, spent

from pipeline.engines.base import Engine
from pipeline.engines.catalogue import create_engine
from pipeline.render.job import LineJob, WorkerSetup
from pipeline.render.schedule import Schedule


def batches(jobs: Sequence[LineJob]) -> list[list[LineJob]]:
    """The batches that one worker gets, in order."""
    by_key = {job.key: job for job in jobs}
    schedule = Schedule([job.job for job in jobs])
    found: list[list[LineJob]] = []
    while batch := schedule.next_batch(0):
        found.append([by_key[job.key] for job in batch])
    return found


def loaded_engine(setup: WorkerSetup) -> Engine:
    """The engine of a setup with a single model, loaded."""
    ((model, request),) = setup.models.items()
    engine = create_engine(setup.engines[model])
    engine.load(request)
    return engine


class BareWorkers:
    """Processes with one loaded engine each. They get line after line, longest first.

    No sound comes back, only that a line is done.

    Owns the processes; `close` ends them.
    """

    def __init__(self, setup: WorkerSetup, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._processes: list[Any] = []
        self._ends: list[Connection] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(setup, theirs), daemon=True)
            process.start()
            self._processes.append(process)
            self._ends.append(ours)
        for end in self._ends:
            end.recv()

    def warm_up(self, jobs: Sequence[LineJob]) -> None:
        """Every process speaks one line."""
        for end, job in zip(self._ends, jobs, strict=True):
            end.send(job.utterances)
        for end in self._ends:
            end.recv()

    def speak(self, jobs: Sequence[LineJob]) -> Cost:
        """What it cost to speak all `jobs`, this process and theirs together."""
        return self.costing([process.pid for process in self._processes], lambda: self._deal(jobs))

    def costing(self, pids: Iterable[int], work: Callable[[], object]) -> Cost:
        """Wall seconds of `work`; CPU seconds of this process and of those named."""
        processes = [psutil.Process(pid) for pid in pids]
        before = sum(_cpu_s(process) for process in processes)
        with spent() as cost:
            work()
        return replace(cost, cpu_s=cost.cpu_s + sum(_cpu_s(process) for process in processes) - before)

    def close(self) -> None:
        """Ends the processes."""
        for end in self._ends:
            end.send(None)
        for process in self._processes:
            process.join()

    def _deal(self, jobs: Sequence[LineJob]) -> None:
        left = sorted(jobs, key=lambda job: job.job.work_s)
        busy: set[Connection] = set()
        for end in self._ends:
            if left:
                end.send(left.pop().utterances)
                busy.add(end)
        while busy:
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                ready.recv()
                if left:
                    ready.send(left.pop().utterances)
                else:
                    busy.remove(ready)


def _serve(setup: WorkerSetup, end: Connection) -> None:
    """Speaks what comes until None does."""
    engine = loaded_engine(setup)
    end.send(0)
    while (utterances := end.recv()) is not None:
        engine.synthesize(list(utterances))
        end.send(len(utterances))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
