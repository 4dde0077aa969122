"""What `fullcast plan --cost` prints: device-hours by engine, on this machine or another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.book import OpenBook
from pipeline.errors import UsageError
from pipeline.render.budget import in_words, money
from pipeline.render.cost import Cost, Work, cost_of

if TYPE_CHECKING:
    from pipeline.render.machines import Machine


def planned_cost(
    book: OpenBook, workers: int | None, machine_name: str | None, machines: Path | None, price: float | None
) -> Cost:
    """What the lines to render cost: on a machine of the tables, or on this one by its earlier runs.

    Args:
        machines: the user's own table; left out, the one in the settings folder.
        price: of a device-hour; left out, the machine's.

    Raises:
        UsageError: no such machine, a table that is not of the form, or no price.
    """
    from pipeline.render.machine import divide
    from pipeline.render.machines import machine_named

    if price is not None and not 0 < price < float("inf"):
        raise UsageError(f"--price-per-hour {price}: must be more than 0")
    machine = None if machine_name is None else machine_named(machine_name, machines)
    if machine is None:
        number = divide(workers, "auto", "1G").workers
    else:
        number = workers or machine.workers
        price = price or machine.price_per_hour
    if number < 1:
        raise UsageError(f"--workers {number}: must be at least 1")
    return cost_of(list(_works(book, machine, machine_name)), number, price)


def _works(book: OpenBook, machine: Machine | None, name: str | None) -> list[Work]:
    from pipeline.journey.crew import load_times_s

    loads, works = load_times_s(book.plan, book.history), []
    for model, facts in book.plan.models.items():
        lines = [line for line in book.plan.to_render() if line.voice.model == model]
        if not lines:
            continue
        speed, load_s = facts.speed, loads[model]
        known = "measured in an earlier run" if model in book.history.speeds else "as its engine declares"
        if machine is not None:
            measured = machine.speed(model, facts.engine)
            known = f"of {name}: {machine.measured}" if measured else f"not known of {name}; {known}"
            speed = measured or speed
            load_s = _first(machine.load_time_s(model, facts.engine), load_s)
        audio_s = sum(line.audio_s for line in lines)
        works.append(Work(facts.engine, model, len(lines), audio_s, speed, load_s, known))
    return works


def _first(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def print_cost(cost: Cost) -> None:
    """A row an engine, the sum, and how long it takes."""
    click.echo("\nengine      lines  audio h  x real time  device-hours  of these loading")
    for engine in cost.engines:
        speed = engine.audio_s / engine.work_s if engine.work_s else 0.0
        click.echo(
            f"{engine.engine:<10.10}  {engine.lines:>5}  {engine.audio_s / 3600:>7.3f}  {speed:>11.2f}"
            f"  {engine.device_s / 3600:>12.4f}  {engine.load_s / 3600:>16.4f}"
        )
        for known in engine.known:
            click.echo(f"            speed {known}")
    total = in_words(cost.device_s)
    price = "" if cost.price is None else f", {money(cost.price)} at that price"
    hours = f"{cost.wall_s / 3600:.2f} h" if cost.wall_s >= 360 else f"{cost.wall_s:.0f} s"
    click.echo(f"in all {total}{price}: {hours} on {cost.workers} workers")
