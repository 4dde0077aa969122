"""What a check does not import: it is over in the time that importing takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from pipeline.script.check import check_script
assert check_script(Path(sys.argv[1]))[0] is not None
print(*sorted(sys.modules))
"""
HEAD = "book: {title: T}\ncast: {narrator: tone/low}\nlexicon: {Magi: may-jye}\n"


@pytest.mark.parametrize(
    ("name", "text", "other_reader"),
    [
        ("a.md", f"---\n{HEAD}---\n\n# One\n\nThe Magi came. They went.\n", "pipeline.script.from_yaml"),
        (
            "a.yaml",
            f"{HEAD}chapters: [{{title: One, lines: [The Magi.]}}]\n",
            "pipeline.script.from_markdown",
        ),
    ],
)
def test_a_check_imports_one_reader_and_no_reading_rules(
    tmp_path: Path, name: str, text: str, other_reader: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True
    )
    unneeded = {
        other_reader,
        "pipeline.text.view",
        "pipeline.text.rules",
        "numpy",
        "torch",
        "spacy",
        "misaki",
    }
    assert unneeded & set(done.stdout.split()) == set()
