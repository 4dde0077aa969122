"""Whatever stands in a file, a check ends with a script or with problems, never with a crash."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.script.check import check_script
from pipeline.script.coverage import coverage

HEAD = "book: {title: T}\ncast: {narrator: tone/low, Della: tone/high}\n"
MARKS = st.text(
    st.sampled_from("aB1 \n\r\t*_`~#>-+=|[](){}<>!&;:\\\"'“”«»「」.,…/Della\u00a0\ufeff\u200b"), max_size=80
)
PIECES = st.lists(
    st.sampled_from(
        [
            "Della",
            ": ",
            "(sad)",
            "{",
            "}",
            "{Della}",
            "“",
            "”",
            "[",
            "]",
            "](x)",
            "<!--",
            "-->",
            "\n",
            "\n\n",
            "***",
            "# ",
            "- ",
            "{pause 1}",
            "{sound x.wav under}",
            "```",
            "`",
            "text",
            " ",
            "*",
            "**",
            "_",
            "\\",
            "&amp;",
            "&nbsp;",
            "<br>",
            "[^1]",
            "[^1]: n",
            "| a |",
            "---",
            "'",
            '"',
            "emotion=sad",
            "=",
            "1. ",
            "> ",
            ":",
            "say",
            "\r",
        ]
    ),
    max_size=25,
).map("".join)
YAML_PIECES = st.lists(
    st.sampled_from(
        [
            "\n",
            "  ",
            "- ",
            "Della: ",
            "text: ",
            "{",
            "}",
            "[",
            "]",
            ", ",
            "'",
            '"',
            "|\n",
            ">\n",
            "&a ",
            "*a",
            "# c",
            "words",
            ": ",
            "pause: 1",
            "scene break",
            "sound: x",
            "lines:",
            "title: A",
            "file: book.yaml",
            "chapters:",
            "!x ",
            "? ",
            "<<: ",
            "\t",
            "---",
            "%",
            "é",
        ]
    ),
    max_size=25,
).map("".join)


def check_bytes(data: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"book{suffix}"
        path.write_bytes(data)
        script, problems = check_script(path)
        assert (script is None) == any(not problem.warning for problem in problems)
        assert all(problem.line >= 1 and "\n" not in str(problem) for problem in problems)
        if script is not None:
            coverage(script)
            ids = [line.id for line in script.lines()]
            assert len(ids) == len(set(ids)) and all(line.text.strip() for line in script.lines())


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(MARKS, PIECES))
@example("“a”{\n}")
@example("[a]{Della")
@example("# \n## \n#")
def test_any_markdown_is_a_script_or_has_problems(body: str) -> None:
    check_bytes(f"---\n{HEAD}---\n{body}".encode(), ".md")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(YAML_PIECES)
def test_any_yaml_is_a_script_or_has_problems(body: str) -> None:
    check_bytes(f"{HEAD}chapters:\n - lines:\n   - Word.\n   - {body}".encode(), ".yaml")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=60), st.sampled_from([".md", ".yaml"]))
def test_any_bytes_are_a_script_or_have_problems(data: bytes, suffix: str) -> None:
    check_bytes(data, suffix)
