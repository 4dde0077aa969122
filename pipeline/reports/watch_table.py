"""A run that goes on as a table for a terminal: `fullcast top`."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.render.watch import Watch, WorkerView

# A worker of a run that is over, or of which nothing was heard for so long, may be gone without a word.
SILENT_S = 60.0
MODELS_SHOWN = 3


def watch_table(watch: Watch, book: str, now_s: float) -> RenderableType:
    """How far the run is, a row a worker, and the latest faults."""
    done = watch.lines + watch.aside
    rows: list[RenderableType] = [
        _headline(watch, book, now_s),
        # Padding ends the bar's line, which it does not do itself.
        Padding(ProgressBar(total=max(1, watch.planned), completed=min(done, watch.planned)), 0),
        _workers(watch),
    ]
    if watch.faults:
        rows.append(Text("latest faults", style="bold"))
        rows += [Text(fault, style="yellow", overflow="ellipsis", no_wrap=True) for fault in watch.faults]
    return Group(*rows)


def _headline(watch: Watch, book: str, now_s: float) -> Text:
    text = Text.assemble((book, "bold"), f": {watch.lines}/{watch.planned} lines")
    if watch.aside:
        text.append(f", {watch.aside} set aside", "red")
    text.append(f", {watch.audio_s:.0f} s of audio, {watch.loads} loads")
    silent_s = now_s - (watch.last_s or now_s)
    if watch.ended:
        text.append(", done", "green")
        return text
    text.append(f", {watch.speed(now_s):.1f}x real time")
    left_s = watch.left_s(now_s)
    if left_s is not None:
        text.append(f", {_span(left_s)} left")
    if silent_s > SILENT_S:
        text.append(f", nothing heard for {_span(silent_s)}", "red")
    return text


def _workers(watch: Watch) -> Table:
    table = Table(expand=True, pad_edge=False)
    for name, right in (
        ("worker", True), ("doing", False), ("lines", True), ("x real time", True), ("waited", True),
        ("loads", True), ("memory", True), ("lost", True), ("models held", False),
    ):  # fmt: skip
        table.add_column(name, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")
    for worker in sorted(watch.workers.values(), key=lambda one: one.number):
        table.add_row(*_row(worker), style="red" if worker.state == "lost" else None)
    return table


def _row(worker: WorkerView) -> list[str]:
    memory = worker.gpu_bytes or worker.resident_bytes
    held = list(worker.held)
    more = f" +{len(held) - MODELS_SHOWN}" if len(held) > MODELS_SHOWN else ""
    return [
        str(worker.number),
        worker.state,
        str(worker.lines),
        f"{worker.speed:.1f}" if worker.speak_s else "",
        f"{worker.stall_s:.1f} s",
        str(worker.loads),
        f"{memory / 1e6:,.0f} MB" if memory else "",
        str(worker.deaths) if worker.deaths else "",
        ", ".join(held[-MODELS_SHOWN:]) + more,
    ]


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
