"""Single marks: an apostrophe within words, a quotation's end behind a stop, wherever it was opened."""

from __future__ import annotations

import pytest

from pipeline.text.normalize import speak


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("and I never saw him again.’", "and I never saw him again.”"),
        ("and I never saw him again.'", "and I never saw him again.”"),
        ("again!’ said the Hatter.", "again!” said the Hatter."),
        ("on the stairs,’ she said, ‘and fell.’", "on the stairs,” she said, “and fell.”"),
        ("and then—’ She stopped.", "and then—” She stopped."),
        ("he was off.’”", "he was off.””"),
        ("“Go!”’", "“Go!””"),
        ("没有了。’", "没有了。”"),
    ],
)
def test_a_mark_behind_a_stop_closes_a_quotation_of_an_earlier_line(written: str, said: str) -> None:
    language = "zh" if written.startswith("没") else "en-us"
    assert speak(written, language).text == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("the boys’ hats", "the boys' hats"),
        ("goin’ home, an’ all", "goin' home, an' all"),
        ("well…’tis late", "well…'tis late"),
        ("rock—’n’ roll", "rock—'n' roll"),
        ("James’.", "James'."),
    ],
)
def test_a_mark_at_a_word_is_an_apostrophe(written: str, said: str) -> None:
    assert speak(written, "en-us").text == said


def test_a_quotation_over_three_lines_has_one_opening_and_one_closing_mark() -> None:
    lines = ["‘I came here,", "and I saw the boys’ hats.", "Then I went.’ He sighed."]
    said = " ".join(speak(line, "en-gb").text for line in lines)
    assert said == "“I came here, and I saw the boys' hats. Then I went.” He sighed."
