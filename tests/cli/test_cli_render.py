"""The main job from the command line: a script in, a book out, and only what changed done again."""

import json
from pathlib import Path

import pytest


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file's time and bytes."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "report.json"
    }


def changed(before: dict, after: dict) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_a_script_becomes_chapters_a_book_captions_and_a_report(rendered):
    names = {str(path.relative_to(rendered.output)) for path in rendered.output.rglob("*")}
    assert {
        "book.m4b", "book.vtt", "book.srt", "book.json", "report.html", "report.json", "provenance.json",
        "DISCLOSURE.txt", "cover.jpg", "chapters/01-one.flac", "chapters/02-two.flac",
        "captions/01-one.vtt", "captions/02-two.srt",
    } <= names  # fmt: skip


def test_rendering_again_renders_nothing_and_touches_no_file(rendered, capsys):
    before = snapshot(rendered.output)
    assert rendered.render("--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["to_render"] for event in events if event["event"] == "RunStarted"] == [0]
    assert not any(event["event"] == "LineRendered" for event in events)
    assert changed(before, snapshot(rendered.output)) == set()


def test_one_changed_sentence_renders_one_take_and_one_chapter(rendered, capsys):
    before = snapshot(rendered.output)
    rendered.edit("walk along the coast", "row along the coast")
    assert rendered.render("--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(event["event"] == "LineRendered" for event in events) == 1
    stitched = {event["title"]: event["reused"] for event in events if event["event"] == "ChapterStitched"}
    assert stitched == {"One": False, "Two": True}
    touched = changed(before, snapshot(rendered.output))
    assert "chapters/01-one.flac" in touched and "book.m4b" in touched
    assert not {name for name in touched if "02-two" in name}


def test_moving_a_line_keeps_its_take(rendered, capsys):
    rendered.edit("Bob: Then we will have to walk along the coast.\n\n", "")
    rendered.edit("# Two\n\n", "# Two\n\nBob: Then we will have to walk along the coast.\n\n")
    counts = rendered.plan(capsys)["counts"]
    assert counts.get("render", 0) == 0


def test_the_plan_says_why_a_line_is_rendered(rendered, capsys):
    rendered.edit("walk along the coast", "row along the coast")
    rendered.edit("Ann: {voice: tone/high", "Ann: {voice: tone/alt")
    reasons = {
        line["text"][:10]: line["reason"]
        for line in rendered.plan(capsys)["lines"]
        if line["status"] == "render"
    }
    assert reasons["Then we wi"] == "text changed"
    assert reasons["The boat h"] == "voice was tone/high, now tone/alt"


@pytest.mark.parametrize("byte", [3, -5])
def test_a_damaged_take_is_found_and_only_its_line_rendered_again(rendered, capsys, byte):
    before = snapshot(rendered.output)
    victim = sorted((rendered.folder / "store" / "takes").rglob("*.flac"))[2]
    data = bytearray(victim.read_bytes())
    data[byte] ^= 0xFF
    victim.write_bytes(data)
    assert rendered.render("--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sum(event["event"] == "TakeDamaged" for event in events) == 1
    assert sum(event["event"] == "LineRendered" for event in events) == 1
    assert {name for name in changed(before, snapshot(rendered.output)) if "report" not in name} == set()


def test_a_damaged_output_file_is_made_again(rendered):
    chapter = rendered.output / "chapters" / "01-one.flac"
    good = chapter.read_bytes()
    chapter.write_bytes(good[:-100])
    assert rendered.render() == 0
    assert chapter.read_bytes() == good


def test_two_renders_from_nothing_give_the_same_bytes(rendered, tmp_path):
    from cli_books import Desk

    other = Desk(tmp_path / "other", rendered.script)
    assert other.render() == 0
    first, second = snapshot(rendered.output), snapshot(other.output)
    same = {name for name in first if first[name][1] == second.get(name, (0, b""))[1]}
    assert {name for name in first if name.endswith((".flac", ".m4b", ".vtt", ".srt"))} <= same


def test_a_chapter_that_is_removed_takes_its_files_along(rendered):
    text = rendered.script.read_text()
    rendered.script.write_text(text[: text.index("# Two")])
    (rendered.output / "chapters" / "mine.txt").write_text("not ours")
    assert rendered.render() == 0
    names = sorted(path.name for path in (rendered.output / "chapters").iterdir())
    assert names == ["01-one.flac", "mine.txt"]


def test_only_one_chapter_is_rendered_when_asked_and_the_rest_later(desk, capsys):
    assert desk.render("--chapter", "Two") == 0
    assert "left out" in capsys.readouterr().out
    assert [path.name for path in sorted((desk.output / "chapters").iterdir())] == ["02-two.flac"]
    assert not (desk.output / "book.m4b").exists()
    assert desk.render() == 0
    assert (desk.output / "book.m4b").exists()


def test_limit_and_only_restrict_what_is_rendered(desk, capsys):
    assert desk.render("--only", "Ann") == 0
    assert desk.render("--limit", "1") == 0
    plan = desk.plan(capsys)
    done = [line["character"] for line in plan["lines"] if line["status"] == "reuse"]
    assert done.count("Ann") == 3 and len(done) == 4


def test_a_line_that_cannot_be_spoken_is_named_and_the_book_is_made_without_it(desk, capsys):
    desk.edit("I can see the captain waving to us.", "Now tone-error happens to us all.")
    assert desk.render() == 1
    shown = capsys.readouterr()
    assert "1 line could not be spoken" in shown.out and "tones.md:" in shown.out
    assert (desk.output / "book.m4b").exists()
    assert desk.report()["text"]["conserved"] is True


def test_every_format_comes_out_and_an_acx_book_without_credits_ends_with_1(desk, capsys):
    assert desk.render("--preset", "acx", "--format", "mp3", "--format", "opus", "--format", "wav") == 1
    shown = capsys.readouterr()
    assert "human narration" in shown.out
    assert "credits" in shown.out + shown.err
    chapters = desk.output / "chapters"
    assert {path.suffix for path in chapters.iterdir()} == {".mp3", ".opus", ".wav"}
    assert desk.run("master", "check", "--preset", "acx", str(chapters / "01-one.mp3")) == 0
    shown = capsys.readouterr().out
    assert "FAIL" not in shown


def test_text_conservation_is_stated_with_numbers_that_add_up(rendered):
    stated = rendered.report()["text"]
    files = stated["files"]
    assert stated["conserved"] is True
    assert files["characters"] == len(rendered.script.read_text()) == files["in_takes"] + files["silent"]
    assert files["silent"] == sum(files["silent_by_rule"].values())
