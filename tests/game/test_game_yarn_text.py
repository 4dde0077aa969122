"""One row of a Yarn script: where its text ends, what its tags are, who speaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.game.formats.yarn_text import Content, is_plausible, read_content, read_speaker

ROW_ENDS = "\n\r"


def escaped(text: str) -> str:
    return "".join("\\" + character if character in "\\<>{}#/" else character for character in text)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=ROW_ENDS)))
def test_any_text_written_with_escapes_comes_back_the_same(text):
    assert read_content(escaped(text)) == Content(text.strip())


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=ROW_ENDS)),
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Z", "C"], exclude_characters="#$<"), min_size=1)
    ),
)
def test_what_follows_a_text_never_changes_it(text, tags):
    row = escaped(text) + "".join(f"#{tag} " for tag in tags) + "// softly"
    assert read_content(row) == Content(text.strip(), {}, tuple(tags), "softly")


@pytest.mark.parametrize(
    ("row", "content"),
    [
        ("Hello #line:a", Content("Hello", {}, ("line:a",))),
        ("Hello#line:a#b\t#c", Content("Hello", {}, ("line:a", "b", "c"))),
        ("Hello # line:a", Content("Hello", {}, ("line:a",))),
        ("Hello #tag//no comment", Content("Hello", {}, ("tag//no",))),
        ("Hello // #line:a", Content("Hello", {}, (), "#line:a")),
        ("Hello /// loud", Content("Hello", {}, (), "loud")),
        ("Hello //", Content("Hello")),
        ("See http://example.org", Content("See http:", {}, (), "example.org")),
        ("A / b /c", Content("A / b /c")),
        ("A < b <c>", Content("A < b <c>")),
        ("Yes <<if $a>>#line:a // sly", Content("Yes", {}, ("line:a",), "sly")),
        ('Yes <<if $a == "#no >>">> #line:a', Content("Yes", {}, ("line:a",))),
        ("Yes <<once if $a>> #line:a", Content("Yes", {}, ("line:a",))),
        ("Yes <<if $a", Content("Yes")),
        (r"\[a\] \: \n", Content(r"\[a\] \: \n")),
        ("a \\", Content("a \\")),
        ("{$gold} of {$gold+1}", Content("{0} of {1}", {"{0}": "$gold", "{1}": "$gold+1"})),
        ('{f("}", "\\"#//")}.', Content("{0}.", {"{0}": 'f("}", "\\"#//")'})),
        (r"\{0\} {$a}", Content("{0} {0}", {"{0}": "$a"})),
        ("half {$open", Content("half {$open")),
        ("[select value={$x} a=b /]", Content("[select value={0} a=b /]", {"{0}": "$x"})),
    ],
)
def test_a_row_is_parted_as_the_compiler_parts_it(row, content):
    assert read_content(row) == content


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("Tom: Hi", "Tom", "Hi"),
        ("Tom:Hi: you", "Tom", "Hi: you"),
        ("Tom : Hi", "Tom", "Hi"),
        (r"Mae\: Wow!: Wow!", "Mae: Wow!", "Wow!"),
        (r"Note\: this", None, r"Note\: this"),
        ("[wave]Tom[/wave]: Hi", "Tom", "Hi"),
        ("Dr. Who: Hi", "Dr. Who", "Hi"),
        (": Hi", None, ": Hi"),
        ("Hi", None, "Hi"),
        (
            '[character name="Old Tom"]Tom: [/character]Hi',
            "Old Tom",
            '[character name="Old Tom"]Tom: [/character]Hi',
        ),
        ("[character name=Tom/]Hi: you", "Tom", "[character name=Tom/]Hi: you"),
        ("[character]Tom: Hi", None, "[character]Tom: Hi"),
    ],
)
def test_the_speaker_is_what_stands_before_the_first_colon(text, name, words):
    speaker = read_speaker(text)
    assert (speaker.name, text[speaker.words_at :]) == (name, words)


@pytest.mark.parametrize(
    ("name", "plausible"),
    [
        ("Captain of guards", True),
        ("Captain of the guards", False),
        ("x" * 40, True),
        ("x" * 41, False),
        ("{0}", False),
        ("Ok. That's it", False),
        ("Mr. X", True),
    ],
)
def test_half_a_sentence_is_no_speaker(name, plausible):
    assert is_plausible(name) is plausible
    speaker = read_speaker(f"{name}: words")
    assert (speaker.name, speaker.implausible) == ((name, None) if plausible else (None, name))
