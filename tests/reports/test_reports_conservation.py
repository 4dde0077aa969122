"""The text account of any script adds up, whatever stands in it and whatever became of its lines."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.render.prepare import line_jobs
from pipeline.render.run import Outcome
from pipeline.reports.conservation import text_account
from pipeline.reports.line_facts import fates

HEAD = """---
fullcast: 1
book: {title: Any}
cast: {narrator: tone/mid, Anna: tone/high, Ben: tone/low}
---
# One

"""
WORDS = [
    "Rain",
    "fell",
    "in 1999",
    "$3.50",
    "\u201cOh\u201d",
    "*no*",
    "\u2026",
    "3",
    "na\u00efve",
    "\u96e8",
    "I. e.",
]
PARAGRAPHS = st.builds(
    lambda who, words, end: who + " ".join(words) + end,
    st.sampled_from(["", "Anna: Well ", "Ben (sad): So "]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8),
    st.sampled_from([".", "!", "   ", ""]),
)


@settings(max_examples=40, deadline=None)
@given(paragraphs=st.lists(PARAGRAPHS, min_size=1, max_size=6), data=st.data())
def test_the_parts_are_the_whole_in_any_script(plan_text: Any, paragraphs: list[str], data: Any) -> None:
    plan = plan_text(HEAD + "\n\n".join(paragraphs) + "\n")
    names = data.draw(st.sets(st.sampled_from(["narrator", "Anna", "Ben"])))
    plan = plan.restricted(lambda line: line.line.character not in names)
    outcome = Outcome(quarantined={job.key: (job, "it failed") for job in line_jobs(plan, {})[::2]})
    account = text_account(plan.script, fates(plan, {}, outcome))
    files = account["files"]
    parts = ("in_takes", "in_silent_lines", "in_failed_lines", "in_skipped_lines", "silent")
    assert account["problems"] == [] and account["conserved"] is True
    assert sum(files[part] for part in parts) == files["characters"]
    assert files["characters"] == len(HEAD + "\n\n".join(paragraphs) + "\n")
    assert files["in_takes"] == 0 and files["unaccounted"] == 0
