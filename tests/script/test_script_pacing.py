"""`rate` is speech and `pace` is pauses: one written for the other is told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Check = Callable[..., Any]
HEAD = "book: {title: T}\ncast: {narrator: tone/low}\n"
LINES = "chapters: [{title: One, lines: [Words.]}]\n"


@pytest.mark.parametrize("key", ["rate", "speed", "tempo"])
def test_a_speed_in_pacing_is_told_that_pace_stretches_pauses(check: Check, key: str) -> None:
    _, problems = check(LINES, ".yaml", head=HEAD + f"pacing: {{{key}: 1.1}}\n")
    assert [str(each).partition("book.yaml:")[2] for each in problems] == [
        f"3: no key '{key}' in pacing; 'pace' stretches all pauses (1.1 is longer); "
        "how fast a voice speaks is its 'rate' in the cast"
    ]


@pytest.mark.parametrize("key", ["pace", "speed"])
def test_a_pace_for_a_line_or_role_is_told_that_rate_is_the_speed(check: Check, key: str) -> None:
    _, problems = check(f"# One\n\nJim ({key}=1.1): Go.\n")
    assert "how fast a voice speaks is 'rate' (1.1 is faster)" in str(problems[0])
    cast = f"book: {{title: T}}\ncast: {{narrator: {{voice: tone/low, {key}: 1.1}}}}\n"
    _, problems = check(LINES, ".yaml", head=cast)
    assert "how fast a voice speaks is 'rate' (1.1 is faster)" in str(problems[0])
