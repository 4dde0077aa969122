"""Tags in a text: HTML's are silent by the rule `markup`, no word is lost, and the check tells the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.script.check import check_script
from pipeline.script.coverage import coverage
from pipeline.script.model import Script
from pipeline.text.normalize import speak

FRAGMENTS = (
    "<", ">", "</", "/>", "<b>", "</b>", "script", "<script>", "</script>", "<style", 'x="1"', "a", "word ",
    "\\<", "<!X>", "`", "&lt;", "\n", ".",
)  # fmt: skip
Check = Callable[..., Any]
Read = Callable[..., Script]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Go </script> on.", "Go on."),
        ("Go <b>on</b> <span class=x hidden>and</span> on.", "Go on and on."),
        ("One<br/>two<hr>three.", "One two three."),
        ("Go <script>alert('x');</script> on.", "Go on."),
        ("Go <style>\np {color: red}\n</style> on.", "Go on."),
        ("Go <!DOCTYPE html> on <?php ?>.", "Go on ."),
        ("Say <Angela> here.", "Say Angela here."),
        ("Say a<foo>b</foo> here.", "Say a foo b here."),
        ("<I think so> he said.", "<I think so> he said."),
        ("One < two, two > one.", "One < two, two > one."),
        ("Say \\<Angela> here.", "Say <Angela> here."),
    ],
)
def test_tags_of_html_are_silent_and_words_are_spoken(read: Read, written: str, text: str) -> None:
    script = read(f"# One\n\n{written}\n")
    assert " ".join(line.text for line in script.lines() if not line.title) == text
    coverage(script)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("Go </script> on.", "'</script>' has no partner; what stands near it is spoken; take it out"),
        (
            "Go <style>p</style> on.",
            "'<style>' and what stands in it is not spoken; take it out of the script",
        ),
        ("Say <Angela> so.", "'<Angela>' is no tag of HTML; its words are spoken, the brackets are not"),
        ("Say </Angela> so.", "'</Angela>' is no tag of HTML; it is not spoken"),
    ],
)
def test_a_tag_that_may_be_a_slip_is_told_with_its_row(check: Check, written: str, message: str) -> None:
    script, problems = check(f"# One\n\nWords.\n{written}\n")
    assert script is not None
    assert [(each.line, each.warning) for each in problems if message in str(each)] == [(11, True)]


@pytest.mark.parametrize("written", ["Go <b>on</b>.", "One < two > one.", "<I think so> he said."])
def test_usual_tags_and_comparisons_are_told_of_by_nobody(check: Check, written: str) -> None:
    _, problems = check(f"# One\n\n{written}\n\nDella: Yes.\n\nJim: No.\n")
    assert problems == []


def test_a_tag_in_a_yaml_text_is_spoken_and_told_with_its_row(check: Check) -> None:
    body = "chapters:\n  - title: One\n    lines:\n      - |\n        Words.\n\n        Go </script> on.\n"
    script, problems = check(body, ".yaml")
    assert script is not None and [line.text for line in script.lines()][-1] == "Go </script> on."
    assert "book.yaml:12: warning: '</script>' is spoken as text" in "\n".join(map(str, problems))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Go </script> on.", "Go script on."),
        ("a <b>bold</b> word", "a b bold b word"),
        ("a < b and 3>2", "a is less than b and three is greater than two"),
    ],
)
def test_the_brackets_of_a_tag_are_never_read_as_a_comparison(written: str, said: str) -> None:
    assert speak(written, "en-us").text == said


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_whatever_the_brackets_each_character_has_one_owner(tmp_path_factory: Any, text: str) -> None:
    path = tmp_path_factory.mktemp("tags") / "book.md"
    path.write_text(
        f"---\nbook: {{title: T}}\ncast: {{narrator: tone/low}}\n---\n\n# One\n\nStart {text} end.\n"
    )
    script, problems = check_script(path)
    if script is not None:
        coverage(script)
    else:
        assert any(not problem.warning for problem in problems)
