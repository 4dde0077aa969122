"""Fountain screenplays: cues, speeches, parentheticals, notes, IDs."""

import hashlib
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.game.formats.base import SourceRequest
from pipeline.game.formats.fountain import read
from pipeline.game.formats.fountain_cues import is_parenthetical, read_screenplay
from pipeline.game.formats.fountain_rows import cut_tags, rows_of
from pipeline.game.line import Imported


@pytest.fixture
def play(tmp_path):
    """Reads a screenplay, dedented, as `play.fountain`."""

    def reads(text: str) -> Imported:
        file = tmp_path / "play.fountain"
        # Only what begins with a line end is indented; `dedent` would also cut rows of blanks.
        plain = textwrap.dedent(text).lstrip("\n") if text.startswith("\n") else text
        file.write_text(plain, encoding="utf-8")
        return read(SourceRequest(tmp_path, file))

    return reads


def said(found: Imported) -> list[tuple[str | None, str]]:
    return [(line.character, line.text) for line in found.lines]


def told(found: Imported, code: str) -> list[int]:
    return [each.place.row for each in found.findings if each.code == code]


def names(text: str) -> list[str]:
    return [speech.cue.name for speech in read_screenplay(rows_of(text)).speeches if speech.cue]


@pytest.mark.parametrize(
    ("row", "name", "qualifier", "dual"),
    [
        ("MIRA", "MIRA", None, False),
        ("\t\tMIRA  ", "MIRA", None, False),
        ("MIRA (O.S.)", "MIRA", "O.S.", False),
        ("MIRA (on the radio)", "MIRA", "on the radio", False),
        ("MIRA (CONT'D)", "MIRA", None, False),
        ("MIRA (cont’d)", "MIRA", None, False),
        ("MIRA (V.O.) (CONT'D)", "MIRA", "V.O.", False),
        ("MIRA (V.O.) (O.S.)", "MIRA", "V.O., O.S.", False),
        ("MIRA ^", "MIRA", None, True),
        ("MIRA (V.O.)^", "MIRA", "V.O.", True),
        ("C3PO", "C3PO", None, False),
        ("OLD MAN #2", "OLD MAN #2", None, False),
        ("OLD MAN #two", "OLD MAN", None, False),
        ("ÉMILE", "ÉMILE", None, False),
        ("МИРА", "МИРА", None, False),
        ("@McGill (V.O.) ^", "McGill", "V.O.", True),
        ("@3CPO", "3CPO", None, False),
        ("SCANNING THE AISLES…", "SCANNING THE AISLES…", None, False),
    ],
)
def test_a_cue_is_taken_apart(row, name, qualifier, dual):
    (speech,) = read_screenplay(rows_of(f"Action.\n\n{row}\nHello.\n")).speeches
    assert speech.cue is not None
    assert (speech.cue.name, speech.cue.qualifier, speech.cue.dual) == (name, qualifier, dual)
    assert speech.runs[0].text == "Hello."


@pytest.mark.parametrize(
    "text",
    [
        "Action.\nMIRA\nHello.\n",  # no empty row before
        "MIRA\n\nHello.\n",  # nothing in the next row
        "MIRA\n  \nHello.\n",
        "MIRA",
        "Mira\nHello.\n",
        "INT. HALL - DAY\nHello.\n",
        "ext. hall\nHello.\n",
        "CUT TO:\nHello.\n",
        "!MIRA\nHello.\n",
        "> MIRA <\nHello.\n",
        "# ACT ONE\nHello.\n",
        "= MIRA\nHello.\n",
        ".MIRA\nHello.\n",
        "===\nHello.\n",
        "(MIRA)\nHello.\n",
        "张三\nHello.\n",
    ],
)
def test_what_is_no_cue_speaks_nothing(text):
    assert names(text) == []


@pytest.mark.parametrize(
    "row", ["3CPO", "23 (O.S.)", "Han (O. S.)", "Old Ben (v.o.)", "MIRA ^ (V.O.)", '"NO ENTRY"']
)
def test_a_row_that_another_parser_takes_for_a_cue_is_told(play, row):
    found = play(f"Action.\n\n{row}\nHello.\n")
    assert (told(found, "D017"), found.lines) == ([3], ())
    assert row in found.findings[0].message
    assert told(play(f"Action.\n\n{row}\n\nHello.\n"), "D017") == []


@pytest.mark.parametrize(
    "row", ["He sits (slowly)", "...", "INT. HALL", "CUT TO:", "!3CPO", "> 3CPO <", "- - -"]
)
def test_plain_action_is_not_told(play, row):
    assert told(play(f"Action.\n\n{row}\nHello.\n"), "D017") == []


def test_a_title_page_is_not_spoken():
    text = "Title:\n\tTHE LAMP\nCredit: by\nAuthor:\n    MIRA\n\nMIRA\nHello.\n"
    assert names(text) == ["MIRA"]
    assert names("\n\nTitle: X\nMIRA\nNo.\n\nMIRA\nHello.\n") == ["MIRA"]
    assert names("FADE IN:\n\nMIRA\nHello.\n") == ["MIRA"]
    assert names("MIRA\nHello: you.\n") == ["MIRA"]


def test_dialogue_runs_to_the_next_empty_row_and_two_blanks_keep_it_open(play):
    found = play("MIRA\nOne\ntwo.\n  \nThree.\n\nAction.\n\nTOM\nFour.\n   \nAction.\n")
    assert said(found) == [("MIRA", "One\ntwo.\n\nThree."), ("TOM", "Four.")]


def test_text_between_parentheticals_is_a_line_each(play):
    found = play(
        """
        MIRA (V.O.)
        (softly)
        (to Tom)
        One.
        (louder)
        Two,
        and three.
        (she leaves)
        """
    )
    assert [(line.text, line.direction, line.place.row) for line in found.lines] == [
        ("One.", "softly; to Tom", 4),
        ("Two,\nand three.", "louder; she leaves", 6),
    ]
    assert {line.qualifier for line in found.lines} == {"V.O."}
    assert found.files[0].counts == {"cues": 1, "parentheticals": 4, "dual": 0, "scenes": 0}


@pytest.mark.parametrize(
    ("row", "whole"),
    [("(a)", True), ("(a (b) c)", True), ("(a) b (c)", False), ("(a", False), ("a)", False), ("", False)],
)
def test_a_parenthetical_stands_in_one_pair_of_brackets(row, whole):
    assert is_parenthetical(row) is whole


def test_a_cue_without_speech_has_no_line(play):
    found = play("MIRA\n(silence)\n\n@Tom\n\nAction.\n")
    assert found.lines == ()
    assert found.files[0].characters == {"MIRA": 1, "Tom": 1}


def test_forced_elements_end_a_speech(play):
    found = play("MIRA\nOne.\n!Action.\n\nTOM\nTwo.\n@Ann\nThree.\n")
    assert said(found) == [("MIRA", "One."), ("TOM", "Two."), ("Ann", "Three.")]


def test_notes_and_boneyards_are_not_spoken(play):
    first = (
        "MIRA\nOne[[a note]] and /* gone */two.\n[[on its own]]\nThree [[over\nrows\n  \nand blanks]] four.\n"
    )
    cut = "\n/*\nTOM\nCut.\n\n*/\n"
    second = "TOM [[who?]]\nFive [[not over\n\nan empty row]].\n"
    found = play(first + cut + second)
    assert said(found) == [("MIRA", "One and two.\nThree\nfour."), ("TOM", "Five [[not over")]
    assert found.lines[0].notes == ("a note", "on its own", "over rows and blanks")
    assert found.lines[1].notes == ("who?",)


def test_a_note_between_does_not_part_cue_and_speech(play):
    found = play("Action.\n\n[[note]]\nMIRA\n[[note]]\nHello.\n")
    assert [(line.character, line.place.row) for line in found.lines] == [("MIRA", 6)]


WORDS = st.lists(st.from_regex(r"[A-Za-z]{1,6}[.,!?]?", fullmatch=True), min_size=1, max_size=5).map(" ".join)
RUNS = st.lists(st.tuples(st.none() | WORDS, st.lists(WORDS, min_size=1, max_size=3)), min_size=1, max_size=3)
SPEECHES = st.tuples(st.sampled_from(["MIRA", "TOM 2", "ÉMILE"]), RUNS, st.lists(WORDS, max_size=1))


@given(st.lists(SPEECHES, max_size=4))
def test_what_is_written_under_a_cue_is_what_is_read(speeches):
    rows, wanted = [], []
    for name, runs, action in speeches:
        rows += ["", name]
        for number, (direction, texts) in enumerate(runs):
            if direction is not None or number:
                rows.append(f"({direction or 'pause'})")
            rows += texts
            wanted.append((name, "\n".join(texts), direction or ("pause" if number else None)))
        rows += ["", *action]
    play = read_screenplay(rows_of("Action.\n" + "\n".join(rows)))
    found = [
        (speech.cue and speech.cue.name, run.text, "; ".join(run.directions) or None)
        for speech in play.speeches
        for run in speech.runs
    ]
    assert found == wanted


def test_lyrics_are_lines_of_their_own_kind(play):
    found = play("MIRA\nListen.\n~ Row, row\n~ your boat\nWell?\n\n~ Nobody\n~ sings\n\nAction.\n")
    assert [(line.kind, line.character, line.text) for line in found.lines] == [
        ("line", "MIRA", "Listen."),
        ("lyric", "MIRA", "Row, row\nyour boat"),
        ("line", "MIRA", "Well?"),
        ("lyric", None, "Nobody\nsings"),
    ]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("*Now!*", ("italic",)),
        ("**Now!** he said", ("bold",)),
        ("***Now!***", ("bold", "italic")),
        ("_Now!_", ("underline",)),
        ("_*Now!*_", ("italic", "underline")),
        (r"\*Now!\*", ()),
        ("2 * 3 * 4", ()),
        ("snake_case_name", ()),
    ],
)
def test_emphasis_is_noted(play, text, tags):
    assert play(f"MIRA\n{text}\n").lines[0].tags == tags


def test_dual_dialogue_is_noted(play):
    assert [line.tags for line in play("MIRA\nNow.\n\nTOM ^\nNow.\n").lines] == [(), ("dual",)]


def digest(spoken: str) -> str:
    return hashlib.sha256(spoken.encode()).hexdigest()[:8]


def test_a_generated_id_is_file_scene_character_and_hash_of_what_is_spoken(play):
    found = play(
        """
        FADE IN:

        MIRA
        Before.

        INT. HALL - DAY #7#

        MIRA (V.O.)
        *Now*
        or never.

        .LATER

        MIRA
        Now or never.

        MIRA
        Now or never.
        """
    )
    assert [line.id for line in found.lines] == [
        f"play_000_MIRA_{digest('Before.')}",
        f"play_001_MIRA_{digest('Now or never.')}",
        f"play_002_MIRA_{digest('Now or never.')}",
        f"play_002_MIRA_{digest('Now or never.')}_1",
    ]
    assert [line.place.node for line in found.lines] == [None, "INT. HALL - DAY", "LATER", "LATER"]
    assert all(line.generated for line in found.lines)
    assert told(found, "D014") == [3, 8, 14, 17]  # of the cue, where the tag would stand


def test_an_id_may_stand_on_the_cue_or_the_speech_as_tag_or_note(play):
    found = play(
        """
        MIRA #id:a
        One.

        MIRA
        Two. #id:b #mood:calm

        MIRA [[id:c]]
        Three.

        MIRA
        Four. [[id:d]]
        """
    )
    assert [(line.id, line.text, line.tags, line.notes) for line in found.lines] == [
        ("a", "One.", (), ()),
        ("b", "Two.", ("mood:calm",), ()),
        ("c", "Three.", (), ()),
        ("d", "Four.", (), ()),
    ]
    assert (found.findings, found.files[0].ids) == ((), 4)
    assert not any(line.generated for line in found.lines)


def test_an_id_on_a_cue_with_several_lines_is_counted_on(play):
    found = play("MIRA #id:a\nOne.\n(pause)\nTwo.\n(pause)\nThree. #id:b\n")
    assert [line.id for line in found.lines] == ["a", "a_1", "b"]


def test_an_id_used_twice_is_found(play):
    found = play("MIRA #id:a\nOne.\n\nTOM #id:a\nTwo.\n")
    assert [(each.code, each.place.row, each.id) for each in found.findings] == [("D002", 4, "a")]
    assert found.findings[0].message.endswith("first at play.fountain:1")


@pytest.mark.parametrize(
    ("row", "text", "tags"),
    [
        ("You are #1", "You are #1", ()),
        ("You are #1 #id:a", "You are #1", ("id:a",)),
        ("So #id:a #loud", "So", ("id:a", "loud")),
        ("So #id:a there", "So #id:a there", ()),
        ("So#id:a", "So#id:a", ()),
    ],
)
def test_tags_are_cut_from_the_end_if_one_has_a_key(row, text, tags):
    assert cut_tags(row) == (text, tags)


def test_notes_silence_the_line_they_stand_in_or_the_next(play):
    found = play(
        """
        MIRA
        One. [[fullcast: ignore D007]]

        [[fullcast: ignore D014, D005]]

        TOM
        Two.

        /* fullcast: ignore D017 */

        3CPO
        Three.
        """
    )
    assert {row: codes for (_, row), codes in found.ignored.items() if row in {1, 2, 6, 7, 11}} == {
        1: {"D007"},
        2: {"D007"},
        6: {"D014", "D005"},
        7: {"D014", "D005"},
        11: {"D017"},
    }
    assert [line.notes for line in found.lines] == [(), ()]


def test_a_note_on_a_row_of_something_else_silences_that_row_alone(play):
    found = play(
        "Action.\n\n3CPO [[fullcast: ignore D017]]\nHello.\n\n"
        "MIRA\n[[fullcast: ignore D007]]\nOne.\n\nTOM\nTwo.\n"
    )
    assert {row: codes for (_, row), codes in found.ignored.items()} == {
        3: {"D017"},
        6: {"D007"},
        8: {"D007"},
    }


def test_a_folder_is_read_file_by_file(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.fountain").write_text("MIRA\nHello.\n", encoding="utf-8")
    found = read(SourceRequest(tmp_path, tmp_path))
    assert [line.place.file for line in found.lines] == ["a.fountain", "b.fountain"]
    assert len({line.id for line in found.lines}) == 2


@pytest.mark.parametrize("path", ["gone.fountain", "empty"])
def test_a_source_without_a_screenplay_is_told(tmp_path, path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as error:
        read(SourceRequest(tmp_path, tmp_path / path))
    assert error.value.where == path


def test_rows_may_end_as_on_windows_and_a_mark_of_order_may_come_first(tmp_path):
    file = Path(tmp_path / "play.fountain")
    file.write_bytes("\ufeffMIRA\r\nOne\r\ntwo.\r\n\r\nAction.\r\n".encode())
    found = read(SourceRequest(tmp_path, file))
    assert [(line.text, line.place.row) for line in found.lines] == [("One\ntwo.", 2)]
