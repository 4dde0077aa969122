"""No word is lost: whatever an author writes is spoken once, or silent by a rule that has a name."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import FullcastError
from pipeline.script.check import check_script
from pipeline.script.coverage import coverage
from pipeline.script.model import Script

FRONT_MATTER = "---\nbook: {title: T}\ncast: {narrator: tone/low, Della: tone/high, Jim: tone/mid}\n---\n"
# Rules whose characters may hold letters or digits; all other silent rules may not.
WORDY = {
    "front-matter",
    "speaker-label",
    "attribute",
    "comment",
    "sound-cue",
    "pause-cue",
    "yaml-syntax",
    "image",
    "link-target",
    "include",
    "list-mark",
    "footnote",
    "unspoken-title",
    "punctuation",
    "markup",
}

WORD = st.text("abcdeXYZäöß012東京", min_size=1, max_size=8)
ENDING = st.sampled_from([". ", "! ", "? ", ", ", " ", "… ", "; ", "\n", ".  ", ": "])
PLAIN = st.lists(st.tuples(WORD, ENDING), min_size=1, max_size=8).map(
    lambda pairs: "".join(map("".join, pairs)).strip()
)
INLINE = st.one_of(
    PLAIN,
    PLAIN.map("*{}*".format),
    PLAIN.map("**{}**".format),
    PLAIN.map("_{}_".format),
    WORD.map("`{}`".format),
    PLAIN.map("[{}](a/b.html)".format),
    PLAIN.map("“{}”".format),
    PLAIN.map("“{}”{{Della sad 0.5}}".format),
    PLAIN.map('"{}"{{Jim}}'.format),
    PLAIN.map("「{}」{{Della}}".format),
    PLAIN.map("[{}]{{character=Jim emotion=sad}}".format),
    WORD.map("![{}](x.png)".format),
    st.text("abc -\n\r01{}", max_size=12).map("<!-- {} -->".format),
    st.sampled_from(
        [
            "&amp;",
            "&mdash;",
            "&nbsp;",
            "&#233;",
            "<br>",
            "<b>x</b>",
            "[^1]",
            "\\{a\\}",
            "\\*",
            "—",
            "…",
            "*",
            "_",
            "5 * 3",
            "\u00ad",
            "\u200b",
        ]
    ),
)
PARAGRAPH = st.lists(INLINE, min_size=1, max_size=5).map(" ".join)
BLOCK = st.one_of(
    PARAGRAPH,
    PARAGRAPH.map("Della (sad, 0.7): {}".format),
    PARAGRAPH.map("Jim: {}".format),
    PLAIN.map(lambda text: "# " + text.replace("\n", " ")),
    PLAIN.map(lambda text: "## " + text.replace("\n", " ") + " ##"),
    PARAGRAPH.map("- {}".format),
    PARAGRAPH.map("1. {}".format),
    PARAGRAPH.map(lambda text: "> " + text.replace("\n", "\n> ")),
    PLAIN.map("```\n{}\n```".format),
    st.sampled_from(
        [
            "***",
            "---",
            "* * *",
            "{pause 1.2}",
            "[^1]: A note 7.",
            "[ref]: http://x/y",
            "| a | b |\n|---|---|\n| c1 | d |",
            "===",
            "…",
            "<!-- x -->",
        ]
    ),
)
BOOK = st.tuples(
    st.lists(BLOCK, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()
)


def silent_characters(script: Script, text: str) -> dict[int, str]:
    return {place: each.rule for each in script.silent for place in range(each.span.start, each.span.end)}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(BOOK)
def test_every_character_of_a_markdown_book_is_spoken_once_or_silent_by_name(
    book: tuple[list[str], str, bool],
) -> None:
    blocks, newline, marked = book
    body = "\n\n".join(blocks)
    text = ("\ufeff" if marked else "") + (FRONT_MATTER + body + "\n").replace("\r", "\n").replace(
        "\n", newline
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.md"
        path.write_bytes(text.encode())
        script, problems = check_script(path)
    if script is None:
        # Chance made words that an author must decide on; nothing else may go wrong.
        told = " ".join(problem.message for problem in problems if not problem.warning)
        assert (
            "nothing to say" in told
            or "says nothing" in told
            or "within a paragraph" in told
            or "no quotation mark" in told
            or "no character" in told
        ), told
        return
    found = coverage(script)
    assert found.characters == len(text)
    assert found.spoken + sum(found.silent_by_rule.values()) == len(text)
    rules = silent_characters(script, text)
    lost = [
        (place, char)
        for place, char in enumerate(text)
        if char.isalnum() and rules.get(place, "markup") not in WORDY
    ]
    assert not lost
    for line in script.lines():
        written = "".join(text[span.start : span.end] for span in line.spans)
        said = {char for char in line.text if char.isalnum()}
        if "&" not in written:
            assert said <= set(written)
            assert [c for c in written if c.isalnum()] == [c for c in line.text if c.isalnum()]
        assert line.text == line.text.strip() and "  " not in line.text and "\n" not in line.text


YAML_TEXT = st.text(st.sampled_from("ab Z0.!?,'\"\\#:-|>é東\n“”{}[]&*%@`"), min_size=1, max_size=30).filter(
    lambda text: any(char.isalnum() for char in text) and text == text.strip()
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(YAML_TEXT, st.sampled_from("'\"|>")), min_size=1, max_size=5),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_text_of_a_yaml_book_is_spoken_where_it_stands(
    texts: list[tuple[str, str]], newline: str
) -> None:
    rows = []
    for text, style in texts:
        shown = text if style in "|>" else " ".join(text.split())
        if style == "'":
            rows.append("'" + shown.replace("'", "''") + "'")
        elif style == '"':
            rows.append('"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"')
        else:
            rows.append(
                style + "\n" + "\n".join("          " + " ".join(row.split()) for row in shown.split("\n"))
            )
    head = FRONT_MATTER.replace("---\n", "")
    body = "chapters:\n  - lines:\n" + "".join(f"      - Della: {row}\n" for row in rows)
    content = (head + body).replace("\n", newline)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book.yaml"
        path.write_bytes(content.encode())
        script, problems = check_script(path)
    assert script is not None, problems
    assert coverage(script).characters == len(content)
    wanted = [char for text, _ in texts for char in text if not char.isspace()]
    heard = [char for line in script.lines() for char in line.text if not char.isspace()]
    assert [c for c in heard if c.isalnum()] == [c for c in wanted if c.isalnum()]
    for line in script.lines():
        written = "".join(content[span.start : span.end] for span in line.spans)
        assert [c for c in written if c.isalnum()] == [c for c in line.text if c.isalnum()]


def test_coverage_finds_a_character_that_nobody_has(tmp_path: Path) -> None:
    import dataclasses

    path = tmp_path / "book.md"
    path.write_text(FRONT_MATTER + "One. *Two.*\n", encoding="utf-8")
    script, _ = check_script(path)
    assert script is not None
    with pytest.raises(FullcastError, match=r"book\.md:\d+: no line and no rule has"):
        coverage(dataclasses.replace(script, silent=script.silent[:-1]))
    with pytest.raises(FullcastError, match="two lines or rules have"):
        coverage(dataclasses.replace(script, silent=(*script.silent, script.silent[-1])))


def test_markdown_marks_are_silent_and_their_words_are_heard(tmp_path: Path) -> None:
    path = tmp_path / "book.md"
    path.write_text(
        FRONT_MATTER
        + "A *soft* **loud** `code` [link](http://x/y) ![pic](z.png) <b>tag</b> &amp; \\*star\\* end.[^1]\n\n"
        "[^1]: Not spoken.\n",
        encoding="utf-8",
    )
    script, problems = check_script(path)
    assert script is not None
    assert [line.text for line in script.lines()] == ["A soft loud code link tag & *star* end."]
    assert [problem.message for problem in problems if "footnote" in problem.message]
    rules = coverage(script).silent_by_rule
    assert {"markup", "link-target", "image", "footnote"} <= set(rules)
