"""`fullcast models log`: what the last run loaded, evicted and waited for."""

from __future__ import annotations

import json
from pathlib import Path

import click

from pipeline.cli.book import script_slug, store_option
from pipeline.errors import MissingError, UsageError
from pipeline.render.event_log import log_path, read, summarize
from pipeline.render.event_record import Record
from pipeline.render.tally import Summary
from pipeline.takes.address import StoreAddress, local_folder


@click.command("log")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@store_option
@click.option("--summary", "in_sum", is_flag=True, help="Add the events up instead of listing them.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show_log(file: Path | None, store_path: StoreAddress, in_sum: bool, as_json: bool) -> None:
    """Show the event log of the last run of the script FILE (of the only book in the store if left out)."""
    root = local_folder(store_path)
    path = log_path(root, script_slug(file)) if file is not None else _only_log(root)
    records = read(path)
    if in_sum:
        summary = summarize(records)
        if as_json:
            click.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=1))
        else:
            for row in _summary_rows(summary):
                click.echo(row)
        return
    for record in records:
        click.echo(record.as_line().rstrip() if as_json else _row(record))


def _only_log(store: Path) -> Path:
    logs = sorted(path for path in (store / "runs").glob("*.events.jsonl"))
    if not logs:
        raise MissingError("no run was logged", where=str(store), hint="run `fullcast render` first")
    if len(logs) > 1:
        named = ", ".join(path.name.removesuffix(".events.jsonl") for path in logs)
        raise UsageError(f"{len(logs)} books have a log here ({named})", hint="name the script")
    return logs[0]


def _row(record: Record) -> str:
    facts = [f"{record.time[11:23]} {record.event:<13}"]
    facts += [f"worker {record.actor}"] * (record.actor is not None)
    facts += [record.model] * (record.model is not None)  # type: ignore[list-item]
    facts += [f"{record.bytes / 1e6:,.1f} MB"] if record.bytes is not None else []
    facts += [f"{record.ms:,.1f} ms"] if record.ms is not None else []
    facts += ["ahead"] * bool(record.ahead)
    facts += [f"{record.count} lines"] * (record.event in ("speak", "plan", "lost"))
    facts += [
        f"{name.replace('_', ' ')} {size / 1e6:,.0f} MB" for name, size in (record.memory or {}).items()
    ]
    facts += [record.note] if record.note else []
    return "  ".join(facts)


def _summary_rows(summary: Summary) -> list[str]:
    """The sums in words, then a row for each model."""
    rows = [
        f"loads      {summary.loads}, at least {summary.loads_needed} needed{_ratio(summary.loads_ratio)};"
        f" {summary.loads_ahead} ahead of need, {summary.loads_failed} failed",
        f"swaps      {summary.swaps}, at least {summary.swaps_needed} needed"
        f" for {summary.loads_needed} models on {summary.workers} workers",
        f"batches    {summary.hits} found their model ready, {summary.misses} did not",
        f"overlap    {summary.overlaps} loads ran while another model spoke, {summary.overlap_s:.2f} s;"
        f" {summary.spans} lasted longer than a whole batch",
        f"stalls     {summary.stalls}, {summary.stall_s:.2f} s in all,"
        f" {summary.longest_stall_s:.2f} s the longest{_share(summary.stall_share)}",
        f"evictions  {summary.evictions}",
        f"verified   {summary.verified_bytes / 1e6:,.1f} MB in {summary.verify_s:.2f} s",
        f"models     {summary.peak_held_bytes / 1e6:,.1f} MB held at most in a worker{_budget(summary)}",
        f"memory     {_peaks(summary)}; {summary.out_of_memory} calls ran out of it",
    ]
    rows += [f"pressure   {each}" for each in summary.pressures]
    rows += [
        "",
        f"{'model':<28} {'loads':>5} {'ahead':>5} {'evicted':>7} {'load s':>8} {'stall s':>8} {'speak s':>8}",
    ]
    rows += [
        f"{one.model:<28.28} {one.loads:>5} {one.loads_ahead:>5} {one.evictions:>7}"
        f" {one.load_s:>8.2f} {one.stall_s:>8.2f} {one.speak_s:>8.2f}"
        for one in summary.models
    ]
    return rows


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f" ({ratio:g} x)"


def _share(share: float | None) -> str:
    return "" if share is None else f", {share:.1%} of the working time"


def _budget(summary: Summary) -> str:
    return f", its budget is {summary.budget_bytes / 1e6:,.1f} MB" if summary.budget_bytes else ""


def _peaks(summary: Summary) -> str:
    if summary.peak_resident_bytes is None:
        return "never looked at"
    gpu = summary.peak_gpu_reserved_bytes
    on_gpu = "" if gpu is None else f", {gpu / 1e6:,.0f} MB on the GPU"
    return f"{summary.peak_resident_bytes / 1e6:,.0f} MB in the largest worker{on_gpu}"
