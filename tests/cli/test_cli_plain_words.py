"""What commands say when something small is amiss: one line, plain words, the right number."""

import pytest

from pipeline.script.counting import count_words, counted


def said(desk, capsys, code: int, *arguments: str) -> tuple[str, str]:
    capsys.readouterr()
    assert desk.store(*arguments) == code
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return shown.out, shown.err


def damage_one_take(desk):
    take = sorted((desk.folder / "store" / "takes").rglob("*.flac"))[0]
    take.write_bytes(take.read_bytes()[:-1] + b"x")
    return take


def test_a_plan_names_a_damaged_take_and_leaves_it_where_it_is(rendered, capsys):
    take = damage_one_take(rendered)
    before = take.read_bytes()
    out, err = said(rendered, capsys, 0, "plan", str(rendered.script))
    assert "take damaged" in out and "1 to render" in out
    assert f"warning: take {take.stem[:12]} is damaged" in err and "WARNING" not in err
    assert take.read_bytes() == before
    assert not list(take.parent.glob("*.damaged"))


def test_a_list_of_takes_leaves_a_damaged_one_where_it_is(rendered, capsys):
    take = damage_one_take(rendered)
    said(rendered, capsys, 0, "takes", "list", str(rendered.script))
    assert take.exists() and not list(take.parent.glob("*.damaged"))


def test_a_render_sets_a_damaged_take_aside_and_says_so_once(rendered, capsys):
    take = damage_one_take(rendered)
    capsys.readouterr()
    assert rendered.render() == 0
    err = capsys.readouterr().err
    assert err.count(take.stem[:12]) == 1 and "WARNING" not in err
    assert list(take.parent.glob("*.damaged")) and take.exists()


@pytest.mark.parametrize("command", ["plan", "render"])
def test_an_engine_whose_size_is_in_no_file_counts_against_the_memory(desk, capsys, command):
    desk.edit("narrator: tone/low", "narrator: espeak/en-us")
    more = ["--local", "-o", str(desk.folder / "out")] if command == "render" else []
    _, err = said(desk, capsys, 4, command, str(desk.script), "--memory", "5M", *more)
    assert "espeak@1.52 needs 10.0 MB" in err and "--memory" in err
    assert not (desk.folder / "out").exists() or not list((desk.folder / "out").rglob("*.m4b"))


@pytest.mark.parametrize("memory", ["0", "0G"])
def test_no_memory_at_all_is_a_usage_error(desk, capsys, memory):
    out, err = said(desk, capsys, 2, "plan", str(desk.script), "--memory", memory)
    assert out == "" and "must be more than nothing" in err


@pytest.mark.parametrize("form", ["mp3", "opus"])
def test_a_compressed_format_is_refused_where_the_taker_wants_lossless_files(desk, capsys, form):
    capsys.readouterr()
    assert desk.render("--preset", "broadcast", "--format", form) == 2
    err = capsys.readouterr().err
    assert f"'broadcast' takes no {form} files" in err and "flac or wav" in err
    assert not (desk.folder / "out").exists()


def test_a_shelf_that_asks_for_a_refused_format_is_told_at_its_row(desk, capsys):
    shelf = desk.folder / "shelf.yaml"
    shelf.write_text(
        f"fullcast-shelf: 1\nbooks:\n  - {{file: {desk.script.name}, preset: broadcast, formats: [mp3]}}\n"
    )
    _, err = said(desk, capsys, 2, "render", "--shelf", str(shelf), "--local")
    assert f"{shelf}:3: preset 'broadcast' takes no mp3 files" in err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["render", "--preset", "loud"], "'loud' is not one of"),
        (["plan"], "missing argument 'FILE'"),
        (["plan", "--colour"], "no such option"),
        (["takes", "lst"], "no such command 'lst'"),
        (["rendre"], "did you mean 'render'?"),
    ],
)
def test_a_usage_error_is_one_line_that_says_where_to_read_more(desk, capsys, arguments, wanted):
    capsys.readouterr()
    assert desk.run(*arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("fullcast: ")
    assert wanted.lower() in err.lower() and "--help" in err


def test_no_workers_at_all_is_said_before_the_plan_is_printed(desk, capsys):
    out, err = said(desk, capsys, 2, "plan", str(desk.script), "--workers", "0")
    assert out == "" and "--workers 0: must be at least 1" in err


def test_an_approval_that_was_not_there_is_not_withdrawn(rendered, capsys):
    script = str(rendered.script)
    said(rendered, capsys, 0, "takes", "lock", script, "1.2")
    assert "not approved any more" in said(rendered, capsys, 0, "takes", "unlock", script, "1.2")[0]
    assert "was not approved" in said(rendered, capsys, 0, "takes", "unlock", script, "1.2")[0]


def test_a_language_that_no_voice_speaks_is_said(desk, capsys):
    capsys.readouterr()
    assert desk.run("voices", "--language", "xx") == 0
    shown = capsys.readouterr()
    assert "no voice is made for language 'xx'" in shown.err
    assert all(" * " in row for row in shown.out.splitlines())
    assert desk.run("voices", "--language", "xx", "--engine", "kokoro") == 2
    assert desk.run("voices", "--language", "en") == 0
    assert "no voice" not in capsys.readouterr().err.splitlines()[-1]


def test_an_engines_name_stands_for_its_usual_model(desk, capsys):
    capsys.readouterr()
    assert desk.run("models", "verify", "kokoro") in (0, 4)
    assert "no model" not in capsys.readouterr().err


def test_lines_that_share_a_take_are_counted_as_lines_and_as_one_take(desk, capsys):
    bob = "Bob: Then we will have to walk along the coast.\n\n"
    desk.edit(bob, bob * 3)
    out, _ = said(desk, capsys, 0, "plan", str(desk.script))
    lines = len(desk.plan(capsys)["lines"])
    assert f"{lines} to render ({lines - 2} takes" in out
    assert desk.render() == 0
    shown = capsys.readouterr()
    assert f"{lines - 2} takes to render" in shown.err
    rows = [row.split() for row in shown.out.splitlines() if row.startswith(("1. ", "2. "))]
    assert sum(int(row[-2]) for row in rows) == lines - 2
    assert sum(int(row[-1]) for row in rows) == 2


def test_a_part_of_a_book_says_that_the_rest_is_not_stitched_and_which_file_is_old(rendered, capsys):
    rendered.edit("They walked for a long while", "They ran for a short while")
    capsys.readouterr()
    assert rendered.render("--limit", "0") == 0
    out = capsys.readouterr().out
    assert "1 line was left out this time" in out and "book.m4b there is of an earlier run" in out
    report = rendered.report()
    assert report["book"]["file"] is None and report["book"]["older_file"] == "book.m4b"
    first, second = report["chapters"]
    assert "1 of 5 lines have no take yet" in first["not_stitched"] and first["file"] is None
    assert second["not_stitched"] is None and second["file"]


def test_numbers_go_with_their_nouns_and_chinese_words_are_its_characters():
    assert (counted(1, "line"), counted(0, "line"), counted(2, "line")) == ("1 line", "0 lines", "2 lines")
    assert count_words("It's 3.5 o'clock -- well-known, she said.") == 6
    assert count_words("他说：“你好。”") == 4
    assert count_words("他用 Python 写") == 4
