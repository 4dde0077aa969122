"""A small book made for real: read, planned, spoken by the tone engine, stitched, published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.catalogue import load_catalogue
from pipeline.events import Event
from pipeline.plan.plan import ModelFacts, Plan, make_plan
from pipeline.publish.book import Edition, Published, publish_book
from pipeline.registry.weights import ResolvedModel
from pipeline.render.local import LocalPool
from pipeline.render.prepare import line_jobs, worker_setup
from pipeline.render.run import Outcome, Run
from pipeline.render.schedule import Schedule
from pipeline.reports.render_report import render_report
from pipeline.script.check import check_script
from pipeline.script.model import Script
from pipeline.stitch.book import StitchedChapter, stitch_book
from pipeline.stitch.presets import PRESETS
from pipeline.takes.store import TakeStore
from pipeline.takes.take import Take

STORY = """\
---
fullcast: 1
book: {title: The Lamp, author: A. Writer, language: en-us}
cast:
  narrator: tone/mid
  Anna: {voice: tone/high, color: "#aa3355"}
  Ben: tone/low
---
# One

The lamp went out. Nobody   spoke for 12 seconds.

Anna (sad, 0.5): Who is there?

Ben: tone-error is what he said.

…

# Two

Ben (angry): Only me. <b>Bold</b> & &lt;/script>&lt;script>alert(1)&lt;/script>

***

She laughed.
"""


@dataclass(frozen=True)
class MadeBook:
    """Everything that `render_report` is given."""

    plan: Plan
    takes: dict[str, Take]
    outcome: Outcome
    stitched: list[StitchedChapter]
    published: Published
    events: list[Event]
    store: TakeStore

    def facts(self, **changes: Any) -> dict[str, Any]:
        """The report of this book."""
        given = {
            "plan": self.plan,
            "takes": self.takes,
            "outcome": self.outcome,
            "stitched": self.stitched,
            "published": self.published,
            "events": self.events,
            "wall_s": 2.0,
            "preset": PRESETS["audiobook"],
        }
        return render_report(**{**given, **changes})


def read_script(path: Path, text: str) -> Script:
    """The script in `text`, which has no errors."""
    path.write_text(text, "utf-8")
    script, problems = check_script(path)
    assert script is not None, problems
    return script


def plan_script(script: Script, store: TakeStore) -> Plan:
    """The plan of a script that only the tone engine speaks."""
    catalogue = load_catalogue()
    cast = {name: catalogue.resolve_voice(one.voice) for name, one in script.cast.items()}
    capabilities = catalogue.engine("tone").capabilities
    models = {
        voice.model: ModelFacts(voice.model, "tone", capabilities, None, 2000.0) for voice in cast.values()
    }
    return make_plan(script, cast, models, has_take=store.has)


def carry_out(plan: Plan, store: TakeStore, scratch: Path) -> tuple[Outcome, list[Event]]:
    """Renders what the plan says, in this process."""
    events: list[Event] = []
    jobs = line_jobs(plan, {})
    if not jobs:
        return Outcome(), events
    catalogue = load_catalogue()
    resolved = {model: ResolvedModel(catalogue.model(model), "built-in", {}, "") for model in plan.models}
    setup = worker_setup(
        plan,
        resolved,
        store=store.root,
        memory_bytes=10_000_000,
        device="cpu",
        threads=1,
        scratch=scratch,
    )
    pool = LocalPool(setup)
    schedule = Schedule([job.job for job in jobs], dict.fromkeys(plan.models, 0.1))
    outcome = Run(jobs, pool, schedule, events.append).go(store.has)
    pool.close()
    return outcome, events


def make(
    folder: Path,
    text: str = STORY,
    formats: tuple[str, ...] = ("flac",),
    restrict: Callable[[Plan], Plan] = lambda plan: plan,
    ready: tuple[int, ...] | None = None,
) -> MadeBook:
    """The book of a script's text, made in `folder`; what is in its store already is reused."""
    store = TakeStore(folder / "store")
    script = read_script(folder / "story.md", text)
    plan = restrict(plan_script(script, store))
    outcome, events = carry_out(plan, store, folder / "scratch")
    takes: dict[str, Take] = {}
    for planned in plan.lines:
        take = None if planned.status in ("silent", "skipped") else store.get(planned.key)
        if take is not None:
            takes[planned.line.id] = take
    chapters = range(len(script.chapters)) if ready is None else ready
    preset = PRESETS["audiobook"]
    stitched = stitch_book(
        script, lambda line: takes.get(line.id), chapters, preset, store.root, events.append
    )
    edition = Edition(formats, preset, whole=ready is None)  # type: ignore[arg-type]
    published = publish_book(
        script,
        stitched,
        list(takes.values()),
        {model: {} for model in plan.models},
        folder / "book",
        edition,
        events.append,
    )
    return MadeBook(plan, takes, outcome, stitched, published, events, store)


@pytest.fixture
def make_book(tmp_path: Path) -> Callable[..., MadeBook]:
    """Makes a book in `tmp_path`: `make_book(text, formats, restrict, ready)`."""
    return partial(make, tmp_path)


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> MadeBook:
    """The small book after its first run; not to be written to."""
    return make(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="session")
def second_run(first_run: MadeBook) -> MadeBook:
    """The same book after a second run, which tries only the failed line again."""
    return make(first_run.published.folder.parent)


@pytest.fixture(scope="session")
def plain_facts(first_run: MadeBook) -> dict[str, Any]:
    """The facts of the first run; copy before changing them."""
    return first_run.facts()


@pytest.fixture(scope="session")
def plan_text(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Plan]:
    """The plan of a script's text; nothing is rendered."""
    folder = tmp_path_factory.mktemp("plans")

    def plan(text: str) -> Plan:
        return plan_script(read_script(folder / "story.md", text), TakeStore(folder / "store"))

    return plan
