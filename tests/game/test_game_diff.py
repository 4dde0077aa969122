"""What `fullcast game diff` calls a change: against a pack, against a git revision, in Ren'Py."""

import subprocess

import pytest
from pack_games import sample, table

from pipeline.game.diff import Said, compare, counts, word_diff

ROWS = """id,character,text,direction
a,Ann,Hello there my friend.,
b,Tom,Good evening to you.,
c,Ann,Come in.,warm
"""


@pytest.fixture
def game(tmp_path):
    """A rendered game of three lines."""
    made = table(tmp_path, ROWS)
    assert made.render() == 0
    return made


def changes(game, *options):
    """ID and kinds of every change, and the exit code."""
    report = game.report("diff", *options)
    return [(row["id"], row["changes"]) for row in report["lines"]], report


def test_nothing_changed_is_no_change(game):
    assert changes(game)[0] == []
    assert game.run("diff", "--exit-code") == 0


def test_a_reworded_line_is_shown_word_by_word(game, capsys):
    game.edit("lines.csv", "Hello there my friend.", "Hello there my enemy.")
    assert changes(game)[0] == [("a", ["text"])]
    assert "text en a (lines.csv:2): Hello there my [-friend.-] {+enemy.+}" in capsys.readouterr().out
    assert game.run("diff") == 0 and game.run("diff", "--exit-code") == 6


@pytest.mark.parametrize(
    ("before", "after", "id_", "kinds"),
    [
        ("c,Ann,Come in.,warm", "c,Ann,Come in.,cold", "c", ["direction"]),
        ("c,Ann,Come in.,warm", "c,Tom,Come in.,warm", "c", ["voice"]),
        ("c,Ann,Come in.,warm", "z,Ann,Come in.,warm", "z", ["renamed"]),
        ("c,Ann,Come in.,warm", "c,Ann,Come out now.,cold", "c", ["text", "direction"]),
    ],
)
def test_each_kind_of_change_has_its_name(game, before, after, id_, kinds):
    game.edit("lines.csv", before, after)
    assert changes(game)[0] == [(id_, kinds)]


def test_a_line_that_only_moved_fails_nobody(game):
    game.edit("lines.csv", "a,Ann,", "\na,Ann,")
    found, report = changes(game)
    assert all(kinds == ["moved"] for _, kinds in found) and len(found) == 3
    assert report["counts"]["changes"]["moved"] == 3
    assert game.run("diff", "--exit-code") == 0


def test_added_and_removed_lines_are_named(game):
    game.edit("lines.csv", "b,Tom,Good evening to you.,\n", "d,Tom,Something else entirely.,\n")
    assert changes(game)[0] == [("d", ["added"]), ("b", ["removed"])]


def test_a_new_recording_is_a_change_of_the_take(game):
    place = game.folder / "Audio" / "Final"
    place.mkdir(parents=True)
    (place / "a.wav").write_bytes((game.pack / "en/wav/b.wav").read_bytes())
    assert changes(game)[0] == [("a", ["take"])]


def test_an_edit_in_renpy_is_one_changed_line_with_both_identifiers(tmp_path, capsys):
    game = sample("renpy", tmp_path)
    game.render("--locale", "en")
    game.edit("game/script.rpy", "Take it, and do not drop it.", "Take it, and please do not drop it.")
    (game.folder / "game/tl/german/script.rpy").unlink()
    found, report = changes(game)
    (row,) = [row for row in report["lines"] if row["locale"] == "en"]
    assert row["changes"] == ["text"] and row["before_id"] == "lamp_9b4381ab" != row["id"]
    assert "{+please+}" in row["words"]


def test_a_git_revision_is_compared_without_a_pack(tmp_path, capsys):
    game = table(tmp_path, ROWS)
    git = ["git", "-C", str(game.folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "lines"]):
        subprocess.run([*git, *arguments], check=True)
    game.edit("lines.csv", "Come in.", "Come inside.")
    assert changes(game, "--from", "HEAD")[0] == [("c", ["text"])]
    assert game.run("diff", "--from", "HEAD", "--exit-code") == 6
    assert game.run("diff", "--from", "no-such-branch") == 2
    assert "neither a pack's folder nor a git revision" in capsys.readouterr().err


def test_without_a_pack_or_a_revision_the_way_out_is_told(tmp_path, capsys):
    assert table(tmp_path, ROWS).run("diff") == 2
    assert "render one, or give --from" in capsys.readouterr().err


def said(id_, spoken, node="start", character="k"):
    """A sound for the pure rules."""
    return Said(id_, "en", character, spoken, "tone/low", (None, None), "script.rpy:1", node, "tts")


def test_renpy_pairs_within_a_label_by_order_character_and_likeness():
    before = [said("s_1", "I saw the ship last night."), said("s_2", "You were asleep again.")]
    after = [said("s_3", "I saw the ship last week."), said("s_4", "You were asleep once again.")]
    pairs = [(change.before.id, change.after.id) for change in compare(before, after, True)]
    assert pairs == [("s_1", "s_3"), ("s_2", "s_4")]
    elsewhere = [said("s_3", "I saw the ship last week.", node="lamp")]
    assert counts(compare(before[:1], elsewhere, True))["text"] == 0
    unlike = [said("s_3", "Nobody ever comes here.")]
    assert counts(compare(before[:1], unlike, True)) == counts(compare(before[:1], unlike, False))
    by_other = [said("s_3", "I saw the ship last week.", character="m")]
    assert counts(compare(before[:1], by_other, True))["removed"] == 1


def test_word_diff_holds_both_texts():
    assert word_diff("I saw him go", "I saw her go home") == "I saw [-him-] {+her+} go {+home+}"
