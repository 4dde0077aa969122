"""`fullcast render` of several books, and `fullcast shelf`, from the command line."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from pipeline.cli.main import run

BOOK = """---
fullcast: 1
book: {{title: {title}, language: en-us, announce_chapters: false}}
cast: {{narrator: tone/low, Ann: tone/high}}
---
# One

"""


@pytest.fixture
def books(tmp_path):
    """Writes a book of lines that take a fifth of a second each; gives its path."""

    def write(name: str, count: int = 3, text: str = "tone-slow line number") -> str:
        lines = (f"Ann (id={name}-{n}): {text} {n} of {name}." for n in range(count))
        path = tmp_path / f"{name}.md"
        path.write_text(BOOK.format(title=name.title()) + "\n\n".join(lines) + "\n")
        return str(path)

    return write


@pytest.fixture
def folders(tmp_path) -> list[str]:
    return ["--store", str(tmp_path / "store"), "-o", str(tmp_path / "out")]


def start(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "pipeline.cli.main", "render", "--preset", "none", "--json", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def takes(tmp_path) -> int:
    return sum(1 for path in (tmp_path / "store").rglob("*.flac") if not path.name.startswith("."))


def wait_for(what, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not what():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def finish(process: subprocess.Popen) -> tuple[int, list[dict], str]:
    out, err = process.communicate(timeout=240)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def test_two_books_come_out_with_a_table_and_a_page_and_a_fault_ends_with_1(books, folders, tmp_path, capsys):
    good, bad = books("good", 1), books("bad", 1, "tone-error line")
    assert run(["render", good, bad, "--local", "--preset", "none", *folders]) == 1
    shown = capsys.readouterr()
    assert "Good" in shown.out and "done, with faults" in shown.out and "bad.md:" in shown.out
    assert "good: done" in shown.err
    assert (tmp_path / "out" / "report.html").exists() and (tmp_path / "out" / "good" / "book.m4b").exists()
    assert run(["shelf", "list", *folders[:2]]) == 0
    assert "finished" in capsys.readouterr().out


def test_a_shelfs_file_says_presets_and_formats_of_its_books(books, folders, tmp_path, capsys):
    books("one", 1), books("two", 1)
    path = tmp_path / "shelf.yaml"
    path.write_text(
        "fullcast-shelf: 1\npreset: none\nformats: [wav]\nbooks:\n"
        "  - {file: one.md, formats: [opus]}\n  - {file: two.md, priority: 2}\n"
    )
    assert run(["render", "--shelf", str(path), "--local", "--json", *folders]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["book"] for event in events if event["event"] == "BookComplete"] == ["two", "one"]
    assert {event["book"] for event in events if event["event"] == "LineRendered"} == {"one", "two"}
    chapters = tmp_path / "out"
    assert [path.name for path in (chapters / "one" / "chapters").iterdir()] == ["01-one.opus"]
    assert [path.name for path in (chapters / "two" / "chapters").iterdir()] == ["01-one.wav"]


@pytest.mark.parametrize("option", [["--chapter", "1"], ["--only", "Ann"], ["--limit", "3"]])
def test_options_of_one_book_are_refused_for_several(books, folders, capsys, option):
    assert run(["render", books("one"), books("two"), "--local", *option, *folders]) == 2
    assert f"{option[0]} goes with one FILE" in capsys.readouterr().err


def test_nothing_to_render_and_a_book_named_twice_are_wrong_usage(books, folders, capsys):
    assert run(["render", *folders]) == 2
    assert "no book to render" in capsys.readouterr().err
    one = books("one")
    assert run(["render", one, one, "--local", *folders]) == 2
    assert "is named twice" in capsys.readouterr().err


def test_books_are_added_listed_and_removed_without_a_run(books, folders, capsys):
    one, two, store = books("one"), books("two"), folders[:2]
    assert run(["shelf", "list", *store]) == 0
    assert "no book was ever put" in capsys.readouterr().out
    assert run(["shelf", "add", one, two, "--priority", "4", "--format", "mp3", *store]) == 0
    shown = capsys.readouterr()
    assert f"added {one}" in shown.out and "the next `fullcast render` of several books" in shown.err
    assert run(["shelf", "remove", two, *store]) == 0
    capsys.readouterr()
    assert run(["shelf", "list", "--json", *store]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["inbox"] == [{"file": one, "priority": 4}] and value["running"] is False
    assert run(["shelf", "remove", two, *store]) == 2
    assert "is not in the inbox" in capsys.readouterr().err
    assert run(["shelf", "add", "nowhere.md", *store]) == 2
    assert "nowhere.md: no such file" in capsys.readouterr().err


@pytest.mark.slow
def test_a_killed_run_of_many_goes_on_with_added_books_to_the_same_bytes(books, folders, tmp_path):
    shelf = [books("first", 25), books("second", 25), "--workers", "2", *folders]
    process = start(*shelf)
    wait_for(lambda: takes(tmp_path) >= 5, process)
    beside = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert run(["shelf", "add", books("third", 4), *folders[:2]]) == 0
    process.kill()
    process.communicate(timeout=60)
    time.sleep(3)  # its workers notice and end; what they had in hand may still be written
    kept = takes(tmp_path)
    assert run(["shelf", "list", *folders[:2]]) == 0
    code, events, err = finish(start(*shelf))
    assert code == 0, err
    assert sum(event["event"] == "LineRendered" for event in events) == 54 - kept
    assert sorted(event["book"] for event in events if event["event"] == "BookFinished") == [
        "first", "second", "third"
    ]  # fmt: skip
    assert not [pid for pid in beside if _is_ours(pid)]
    for name in ("first", "second", "third"):
        alone = ["--store", str(tmp_path / "other"), "-o", str(tmp_path / "alone")]
        assert run(["render", str(tmp_path / f"{name}.md"), "--local", "--preset", "none", *alone]) == 0
        for file in ("book.m4b", "chapters/01-one.flac", "book.vtt"):
            there, other = tmp_path / "out" / name / file, tmp_path / "alone" / name / file
            assert there.read_bytes() == other.read_bytes(), f"{name}/{file}"


@pytest.mark.slow
def test_a_worker_killed_on_ray_costs_no_book_and_ctrl_c_leaves_a_report(books, folders, tmp_path):
    shelf = [books("first", 30), books("second", 30, "tone-crash at"), "--workers", "2", *folders]
    process = start(*shelf[:1], *shelf[2:], books("third", 20))
    wait_for(lambda: takes(tmp_path) >= 5, process)
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130 and "Traceback" not in err, err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["run"]["state"] == "interrupted"
    books("second", 2, "tone-crash at")
    code, events, err = finish(start(*shelf))
    assert code == 1, err
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {book["slug"]: book["state"] for book in report["books"]} == {"first": "done", "second": "unsound"}
    assert report["run"]["workers_lost"] >= 2


def _is_ours(pid: int) -> bool:
    try:
        return any("spawn_main" in word for word in psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return False
