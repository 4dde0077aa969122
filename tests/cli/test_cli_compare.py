"""`fullcast compare`: the same lines by two voices or models, a blind page, and nothing rendered twice."""

import json
import os
import sys
from pathlib import Path

import pytest

from pipeline.cli.main import run
from pipeline.takes.store import TakeStore


@pytest.fixture
def compare(tmp_path: Path):
    """Runs a comparison in a folder of its own; returns the exit code."""

    def compared(*arguments: str) -> int:
        places = ("--store", str(tmp_path / "store"), "-o", str(tmp_path / "out"))
        return run(["compare", *(str(one) for one in arguments), *places])

    return compared


def keys(folder: Path) -> set[str]:
    return set(TakeStore(folder / "store").all_keys())


def figures(folder: Path) -> dict:
    (path,) = (folder / "out").glob("*.json")
    return json.loads(path.read_text())


def test_both_say_the_same_lines_once_and_the_page_is_the_same_again(compare, tmp_path, capsys):
    assert compare("tone/low", "tone/high", "--lines", "5") == 0
    said = capsys.readouterr().out
    page = tmp_path / "out" / "tone-low-or-tone-high.html"
    assert f"listen: {page}" in said and "5 lines" in said
    facts = figures(tmp_path)
    assert len(facts["lines"]) == 5 and facts["sides"] == {"a": "tone/low", "b": "tone/high"}
    assert sorted(facts["first"]) == ["a", "a", "a", "b", "b"]
    for line in facts["lines"]:
        assert line["a"]["take"] != line["b"]["take"]
        assert line["a"]["duration_s"] > 0.5 and line["a"]["loudness_lufs"] < 0
    assert 0 <= facts["alike"] < 0.9
    made, before = keys(tmp_path), page.read_bytes()
    assert made == {line[side]["take"] for line in facts["lines"] for side in ("a", "b")}
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "store" / "takes").rglob("*.flac")}
    assert compare("tone/low", "tone/high", "--lines", "5") == 0
    assert page.read_bytes() == before
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps} and keys(tmp_path) == made


def test_a_book_s_own_takes_are_used(rendered, capsys):
    store = rendered.folder / "store"
    before = set(TakeStore(store).all_keys())
    code = rendered.run(
        "compare", "tone@1", "tone@2", str(rendered.script), "--lines", "50", "--store", str(store),
        "-o", str(rendered.folder / "compared"), "--json",
    )  # fmt: skip
    assert code == 0
    facts = json.loads(capsys.readouterr().out)
    assert {line["a"]["take"] for line in facts["lines"]} <= before, "tone@1 said all of this already"
    after = set(TakeStore(store).all_keys())
    assert after - before == {line["b"]["take"] for line in facts["lines"]}
    assert len(facts["lines"]) == len({line["text"] for line in facts["lines"]}) == 8


def test_another_seed_draws_other_lines(compare, tmp_path, capsys):
    texts = []
    for seed in ("1", "2"):
        assert compare("tone/low", "tone/high", "--lines", "5", "--seed", seed, "--json") == 0
        texts.append([line["text"] for line in json.loads(capsys.readouterr().out)["lines"]])
    assert texts[0] != texts[1]


def test_a_model_of_another_engine_takes_a_voice_of_the_same_kind(compare, tmp_path, capsys):
    assert compare("tone/low", "espeak@1.52", "--lines", "2", "--json") == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    stored = TakeStore(tmp_path / "store")
    assert {stored.get(line["b"]["take"]).voice for line in lines} == {"espeak/en-us"}


def test_a_line_that_one_side_cannot_say_is_left_out_and_named(desk, compare, capsys):
    desk.edit("So it is. I can see the captain waving to us.", "tone-error is what he said.")
    assert compare("tone/low", "tone/high", desk.script, "--lines", "50", "--json") == 1
    said = capsys.readouterr()
    assert "left out: tone/low: " in said.err and "tones.md:" in said.err
    assert not any("tone-error" in line["text"] for line in json.loads(said.out)["lines"])


def test_without_ears_the_figures_are_missing_and_it_says_how_to_get_them(compare, capsys, monkeypatch):
    monkeypatch.delenv("FULLCAST_EARS_PYTHON", raising=False)
    assert compare("tone/low", "tone/high", "--lines", "1") == 0
    assert "set FULLCAST_EARS_PYTHON" in capsys.readouterr().out
    monkeypatch.setenv("FULLCAST_EARS_PYTHON", sys.executable)
    assert compare("tone/low", "tone/high", "--lines", "1") == 0
    said = capsys.readouterr().out
    assert "faster_whisper is not installed" in said and "speechmos is not installed" in said
    monkeypatch.setenv("FULLCAST_EARS_PYTHON", "/no/such/python")
    assert compare("tone/low", "tone/high", "--lines", "1") == 4
    assert "cannot listen" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif("FULLCAST_EARS_PYTHON" not in os.environ, reason="needs FULLCAST_EARS_PYTHON")
def test_ears_count_word_errors_and_marks(compare, tmp_path):
    assert compare("espeak/en-us", "espeak/en-us+f3", "--lines", "2") == 0
    for side in figures(tmp_path)["figures"].values():
        assert side["words"] > 10 and 0 <= side["word_error_rate"] < 0.6 and 1 < side["dnsmos"] < 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tone/low", "tone/hihg"], 2, "tone/high"),
        (["tone/low", "tone@11"], 2, "no model 'tone@11'"),
        (["tone/low", "loud"], 2, "no voice and no model"),
        (["espeak/de", "espeak/de+f3"], 2, "no list of lines in 'de'; give a script"),
        (["tone/low", "tone/high", "nobody.md"], 3, "nobody.md"),
        (["tone/low"], 2, "missing argument"),
        (["tone/low", "tone@1"], 2, "both sides are the same: tone/low on tone@1"),
        (["tone/low", "tone/high", "--lines", "0"], 2, "--lines"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_page(compare, tmp_path, capsys, arguments, code, said):
    assert compare(*arguments) == code
    printed = capsys.readouterr().err
    assert said in printed and "Traceback" not in printed
    assert not list(tmp_path.rglob("*.html"))
