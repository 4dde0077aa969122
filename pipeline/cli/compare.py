"""`fullcast compare A B [FILE]`: the same lines by two voices or models, to be judged blind."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.book import read_checked, store_option
from pipeline.errors import MissingError, UsageError
from pipeline.takes.address import StoreAddress

if TYPE_CHECKING:
    from pipeline.engines.catalogue import Catalogue
    from pipeline.events import Event
    from pipeline.plan.sides import Side
    from pipeline.reports.compare_run import Found
    from pipeline.script.model import Script

DEFAULT_OUTPUT = Path("output/comparisons")
LANGUAGES = ("en", "zh")
EXIT_SOME_FAILED = 1


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--lines", "count", type=click.IntRange(min=1), default=20, show_default=True, help="How many lines."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Which lines, and who is heard first.")
@store_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=DEFAULT_OUTPUT,
    show_default=True,
    help="Folder for the page and the figures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def command(
    a: str, b: str, file: Path | None, count: int, seed: int, store_path: StoreAddress, output: Path,
    as_json: bool,
) -> int:  # fmt: skip
    """Render the same lines with A and B and write a page on which to judge them blind.

    A and B are voices (kokoro/af_heart) or models (kokoro@1.0). The lines are drawn from FILE, a script, or
    from a list that comes with fullcast. Takes that the store has are not rendered again.
    """
    from pipeline.plan.sides import read_side
    from pipeline.registry.opening import catalogue_for
    from pipeline.registry.progress import progress_for
    from pipeline.registry.weights import WeightStore
    from pipeline.reports.compare_run import Bench
    from pipeline.takes.store import TakeStore

    catalogue = catalogue_for(file.parent if file else Path.cwd())
    sides = {"a": read_side(a, catalogue), "b": read_side(b, catalogue)}
    weights = WeightStore(catalogue=catalogue)
    bench = Bench(catalogue, weights, TakeStore(store_path), progress_for(sys.stderr), _tell)
    with _script(file, sides["a"], catalogue) as script:
        found = bench.compare(script, sides, count, seed)
    for reason in found.failed:
        click.echo(f"left out: {reason}", err=True)
    if not found.lines:
        raise MissingError("there is no line that both can say")
    page, facts = _write(sides, found, seed, output)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        _print(facts, page)
    return EXIT_SOME_FAILED if found.failed else 0


@contextmanager
def _script(file: Path | None, side: Side, catalogue: Catalogue) -> Iterator[Script]:
    """The script in FILE, or one of the lines that come with fullcast, in the language of side A."""
    from pipeline.plan.sides import first_voice

    if file is not None:
        yield read_checked(file)
        return
    voice = side.voice or first_voice(str(side.model), LANGUAGES, catalogue)
    value = {
        "fullcast": 1,
        "book": {"title": "Comparison", "language": voice.language},
        "cast": {"narrator": voice.written},
        "chapters": [{"title": "Lines", "lines": [{"text": text} for text in _own_lines(voice.language)]}],
    }
    with tempfile.TemporaryDirectory(prefix="fullcast-compare-") as folder:
        path = Path(folder) / "comparison.yaml"
        path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
        yield read_checked(path)


def _own_lines(language: str) -> list[str]:
    from importlib.resources import files

    import yaml

    lines = yaml.safe_load((files("pipeline.reports") / "compare_lines.yaml").read_text("utf-8"))
    found: list[str] | None = lines.get(language.partition("-")[0])
    if found is None:
        raise UsageError(f"there is no list of lines in '{language}'", hint="give a script as FILE")
    return found


def _tell(event: Event) -> None:
    name = type(event).__name__
    if name == "LineRendered":
        click.echo(".", err=True, nl=False)
    elif name == "ModelLoaded":
        click.echo(f"\n{getattr(event, 'model', '')} ", err=True, nl=False)


def _write(sides: dict[str, Side], found: Found, seed: int, output: Path) -> tuple[Path, dict[str, Any]]:
    """Writes the page and the figures; returns the page's path and the figures."""
    from pipeline.audio import decode_audio
    from pipeline.files import write_json, write_text
    from pipeline.reports import compare_page
    from pipeline.reports.comparison import a_first, heard_alike, line_figures, mean_alike, side_figures

    order = a_first(len(found.lines), seed)
    lines = []
    for one, first in zip(found.lines, order, strict=True):
        sounds = heard_alike(*(decode_audio(take.flac(), take.key) for take in (one.a, one.b)))
        both = sounds if first else sounds[::-1]
        lines.append(compare_page.Heard(one.line_id, one.character, one.text, *both))
    facts: dict[str, Any] = {
        "sides": {name: side.written for name, side in sides.items()},
        "figures": {name: side_figures(found.lines, name) for name in sides},
        "alike": mean_alike(found.lines),
        "notes": found.notes,
        "seed": seed,
        "lines": [line_figures(one) for one in found.lines],
    }
    stem = re.sub(r"[^\w.-]+", "-", f"{sides['a'].written}-or-{sides['b'].written}").strip("-")
    page = output / f"{stem}.html"
    write_text(page, compare_page.compare_page(lines, order, facts), keep_same=True)
    write_json(output / f"{stem}.json", {**facts, "first": ["a" if one else "b" for one in order]})
    return page, facts


def _print(facts: dict[str, Any], page: Path) -> None:
    sides, figures = facts["sides"], facts["figures"]
    rows = [
        ("length of all lines, s", "duration_s"),
        ("characters a second", "characters_per_s"),
        ("loudness, LUFS", "loudness_lufs"),
        ("like its own voice", "to_print"),
        ("DNSMOS", "dnsmos"),
        ("word error rate", "word_error_rate"),
    ]
    click.echo(f"\n{len(facts['lines'])} lines{'':<16} {sides['a']:>24} {sides['b']:>24}")
    for name, key in rows:
        a, b = ("-" if figures[side][key] is None else str(figures[side][key]) for side in ("a", "b"))
        click.echo(f"{name:<24} {a:>24} {b:>24}")
    if facts["alike"] is not None:
        click.echo(f"how alike they sound     {facts['alike']:.3f} (one voice with itself: 0.88 and more)")
    for note in facts["notes"]:
        click.echo(note)
    click.echo(f"listen: {page}")
