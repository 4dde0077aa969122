"""Scripts as text: the smallest head that casts three voices, and a way to read a book from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import Problem
from pipeline.script.check import check_script
from pipeline.script.model import Script

HEAD = """book: {title: The Trial}
cast:
  narrator: tone/low
  Della: {voice: tone/high, aliases: [Mrs. Young]}
  Jim: {voice: tone/mid, emotion: tender, gain: -2}
"""
FRONT_MATTER = f"---\n{HEAD}---\n"

Check = Callable[..., tuple[Script | None, list[Problem]]]
Read = Callable[..., Script]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Checks a script given as text: Markdown below the head, or YAML lines with `chapters`."""

    def check_text(
        body: str, suffix: str = ".md", head: str | None = None
    ) -> tuple[Script | None, list[Problem]]:
        path = tmp_path / f"book{suffix}"
        start = (FRONT_MATTER if suffix == ".md" else HEAD) if head is None else head
        path.write_bytes((start + body).encode("utf-8"))
        return check_script(path)

    return check_text


@pytest.fixture
def read(check: Check) -> Read:
    """The script, which must have no error."""

    def read_text(body: str, suffix: str = ".md", head: str | None = None) -> Script:
        script, problems = check(body, suffix, head)
        assert script is not None, "\n".join(map(str, problems))
        return script

    return read_text


@pytest.fixture
def front_matter() -> str:
    """The head as it stands above a Markdown script."""
    return FRONT_MATTER
