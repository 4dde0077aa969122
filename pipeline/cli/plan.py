"""`fullcast plan FILE`: what would be rendered and why."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from pipeline.cli.book import OpenBook, look_at_book, script_argument, store_option, strict_option
from pipeline.errors import MissingError, UsageError
from pipeline.identity.alike import AlikePair, alike_pairs
from pipeline.identity.prints import known_prints
from pipeline.plan.feelings import demand_realised, promised, unrealised_counts
from pipeline.plan.plan import LinePlan, Plan
from pipeline.plan.scenes import scenes_of
from pipeline.registry.places import default_cache
from pipeline.render.machine import parse_memory
from pipeline.render.prepare import asked
from pipeline.script.counting import counted
from pipeline.takes.address import StoreAddress

SHOWN_LINES = 40
SHOWN_PAIRS = 10


@click.command("plan")
@script_argument
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole plan as JSON.")
@click.option("--graph", type=click.Choice(["mermaid", "dot"]), help="Print the plan's graph.")
@click.option("--spoken", is_flag=True, help="Print what will be said for every line.")
@click.option("--all", "show_all", is_flag=True, help="List every line, not only those to render.")
@click.option("--workers", type=int, default=None, help="Workers to estimate the time for.")
@click.option(
    "--memory", help="Budget for models in each worker: 800M, 4G; a share of what is free if left out."
)
@click.option("--cost", "with_cost", is_flag=True, help="Print device-hours by engine.")
@click.option("--machine", metavar="NAME", help="Machine to tell the cost for; this one if left out.")
@click.option(
    "--machines",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your own table of machines (docs/cluster.md); machines.yaml in the settings folder if left out.",
)
@click.option("--price-per-hour", type=float, help="What a device-hour costs.")
@strict_option
def command(
    file: Path, store_path: StoreAddress, as_json: bool, graph: str | None, spoken: bool, show_all: bool,
    workers: int | None, memory: str | None, strict: bool, with_cost: bool, machine: str | None,
    machines: Path | None, price_per_hour: float | None,
) -> None:  # fmt: skip
    """Show lines, characters, groups, what is reused and what is rendered and why; render nothing.

    A model that is larger than --memory is an error, exit code 4.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: must be at least 1")
    if memory is not None:
        parse_memory(memory)
    book = look_at_book(file, store_path)
    if strict:
        demand_realised(book.plan)
    cost = None
    if with_cost or machine is not None:
        from pipeline.cli.plan_cost import planned_cost, print_cost

        cost = planned_cost(book, workers, machine, machines, price_per_hour)
    if graph:
        _print_graph(book, graph)
    elif as_json:
        value = _as_json(book, workers) | ({} if cost is None else {"cost": cost.as_json()})
        click.echo(json.dumps(value, ensure_ascii=False, indent=1))
    elif cost is not None:
        print_cost(cost)
    elif spoken:
        _print_spoken(book)
    else:
        _print_plan(book, show_all, workers)
    _demand_room(book, workers, memory)


def _demand_room(book: OpenBook, workers: int | None, memory: str | None) -> None:
    """Nothing, if each model that has lines to render fits into a worker's memory.

    What is free now may not be so when the book is rendered, or elsewhere: without a budget it is a warning.

    Raises:
        MissingError: one does not fit into the budget that was given; the largest is named.
    """
    from pipeline.render.machine import divide
    from pipeline.render.prepare import demand_room, largest_engine_bytes, planned_sizes

    models = {line.voice.model for line in book.plan.to_render()}
    if models:
        division = divide(workers, "auto", memory, largest_engine_bytes(book.plan))
        sizes = planned_sizes(book.plan, book.resolved, book.catalogue)
        try:
            demand_room(models, sizes, division.memory_bytes)
        except MissingError as error:
            if memory is not None:
                raise
            click.echo(f"warning: {error}", err=True)


def _print_graph(book: OpenBook, form: str) -> None:
    from pipeline.plan.graph import as_dot, as_mermaid, build_graph

    lines = (as_mermaid if form == "mermaid" else as_dot)(build_graph(book.plan))
    for line in lines:
        click.echo(line)


def _print_spoken(book: OpenBook) -> None:
    for planned in book.plan.lines:
        line = planned.line
        click.echo(f"{line.where} {line.character}: {' | '.join(planned.utterances) or planned.reason}")


def _print_plan(book: OpenBook, show_all: bool, workers: int | None) -> None:
    plan, script = book.plan, book.script
    counts = Counter(line.status for line in plan.lines)
    click.echo(f"{script.book.title}: {len(script.chapters)} chapters, {len(plan.lines)} lines")
    click.echo("\ncharacter           voice                                 lines  to render  audio s")
    for character, lines in _by_character(plan.lines).items():
        to_render = sum(line.status == "render" for line in lines)
        audio_s = sum(line.audio_s for line in lines)
        voice = lines[0].voice.written
        click.echo(f"{character:<18.18}  {voice:<36.36}  {len(lines):>5}  {to_render:>9}  {audio_s:>7.0f}")
    for row in _shared_rows(book):
        click.echo(row)
    click.echo("\ngroups (model, voice): takes to render")
    for (model, voice), number in sorted(_groups(book).items(), key=lambda item: (item[0][0], -item[1])):
        click.echo(f"  {model}, {voice}: {number}")
    for model, facts in plan.models.items():
        if facts.weights_sha256 is None and model not in book.resolved:
            click.echo(f"  {model}: its weights are not here yet; rendering fetches them")
    for engine, count in unrealised_counts(plan).items():
        click.echo(f"  warning: {count} lines ask engine {engine} for an emotion that it cannot do")
    alike = _alike(book)
    for pair in alike if show_all else alike[:SHOWN_PAIRS]:
        click.echo(f"  warning: {pair.describe()}")
    if not show_all and len(alike) > SHOWN_PAIRS:
        click.echo(f"  warning: {len(alike) - SHOWN_PAIRS} more pairs of characters sound alike (--all)")
    listed = [line for line in plan.lines if show_all or line.status == "render"]
    click.echo(
        f"\n{counts['render']} to render{_shared(counts['render'], plan)}, {counts['reuse']} reused,"
        f" {counts['silent']} silent;"
        f" about {_estimate(book, workers)}"
    )
    for planned in listed if show_all else listed[:SHOWN_LINES]:
        approved = " [approved]" if planned.locked else ""
        where, line_id = planned.line.where, planned.line.id
        click.echo(f"  {where} {line_id}: {planned.status}: {planned.reason}{approved}")
        if planned.inferred is not None:
            click.echo(f"    {planned.inferred.describe()}")
    if not show_all and len(listed) > SHOWN_LINES:
        click.echo(f"  ... and {len(listed) - SHOWN_LINES} more (--all)")


def _shared(lines: int, plan: Plan) -> str:
    """How many takes the lines to render need, where some share one."""
    takes = sum(1 for _ in plan.to_render())
    return "" if takes == lines else f" ({counted(takes, 'take')}: lines that say the same share one)"


def _alike(book: OpenBook) -> list[AlikePair]:
    """Characters that may be taken for each other in a scene, as far as their voices are known."""
    prints = known_prints(default_cache(), (line.voice for line in book.plan.lines))
    return alike_pairs(scenes_of(book.plan), prints)


def _by_character(lines: tuple[LinePlan, ...]) -> dict[str, list[LinePlan]]:
    found: dict[str, list[LinePlan]] = {}
    for line in lines:
        found.setdefault(line.line.character, []).append(line)
    return found


def _shared_rows(book: OpenBook) -> list[str]:
    """For each character whom several models speak, how many of the lines each has."""
    rows = []
    for name, lines in _by_character(book.plan.lines).items():
        if len(book.script.cast[name].models) > 1:
            counts = Counter(line.voice.model for line in lines)
            spoken = ", ".join(f"{model} {counts[model]}" for model, _ in book.script.cast[name].models)
            rows.append(f"  {name} is spoken by {spoken} of {len(lines)} lines")
    return rows


def _groups(book: OpenBook) -> Counter[tuple[str, str]]:
    return Counter((line.voice.model, line.voice.written) for line in book.plan.to_render())


def _estimate(book: OpenBook, workers: int | None) -> str:
    from pipeline.render.machine import divide

    number = divide(workers, "auto", "1G").workers
    to_render = list(book.plan.to_render())
    work_s = sum(line.audio_s / book.plan.models[line.voice.model].speed for line in to_render)
    audio_s = sum(line.audio_s for line in to_render)
    return f"{audio_s:.0f} s of audio, {work_s / number:.0f} s on {number} workers"


def _as_json(book: OpenBook, workers: int | None) -> dict[str, Any]:
    plan = book.plan
    return {
        "book": book.script.book.title,
        "slug": book.script.slug,
        "counts": dict(Counter(line.status for line in plan.lines)),
        "estimate": _estimate(book, workers),
        "models": {
            model: {"engine": facts.engine, "weights": facts.weights_sha256, "speed": facts.speed}
            for model, facts in plan.models.items()
        },
        "groups": [
            {"model": model, "voice": voice, "lines": number}
            for (model, voice), number in sorted(_groups(book).items())
        ],
        "alike": [pair.as_json() for pair in _alike(book)],
        "lines": [_line_json(line, book) for line in plan.lines],
    }


def _line_json(planned: LinePlan, book: OpenBook) -> dict[str, Any]:
    line = planned.line
    return {
        "id": line.id,
        "where": line.where,
        "chapter": book.script.chapters[planned.chapter].title,
        "character": line.character,
        "voice": planned.voice.written,
        "model": planned.voice.model,
        "text": line.text,
        "spoken": list(planned.utterances),
        "asked": asked(planned),
        "inferred": None if planned.inferred is None else planned.inferred.as_json(),
        "emotion_level": promised(line.direction.felt, book.plan.models[planned.voice.model].capabilities),
        "key": planned.key,
        "status": planned.status,
        "reason": planned.reason,
        "approved": planned.locked,
        "audio_s": round(planned.audio_s, 2),
    }
