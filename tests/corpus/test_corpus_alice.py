"""A chapter of a real novel: hard-wrapped rows, single quotation marks, capitals, brackets in sentences."""

import json
import re
from pathlib import Path

import av
import pytest
from corpus_alice import Voices, as_markdown, chapter_one
from inspect_book import inspect

from pipeline.cli.book import open_book
from pipeline.cli.main import run
from pipeline.script.check import check_script
from pipeline.script.coverage import coverage
from pipeline.script.model import Script

VOICES = Voices("espeak/en-gb", "espeak/en-gb+f3", "espeak/en-gb+m3")


@pytest.fixture
def script_file(alice: str, tmp_path: Path) -> Path:
    file = tmp_path / "chapter-one.md"
    file.write_text(as_markdown(alice, VOICES), encoding="utf-8")
    return file


def parsed(file: Path) -> Script:
    script, problems = check_script(file)
    assert problems == []
    assert script is not None
    return script


def words(text: str) -> list[str]:
    """Runs of letters and digits, whatever stands between them."""
    return re.findall(r"[^\W_]+", text)


def test_a_chapter_of_a_novel_has_no_problems_and_every_speaker_has_lines(script_file: Path) -> None:
    script = parsed(script_file)
    assert len(script.chapters) == 1
    assert {line.character for line in script.lines()} == {"narrator", "Alice", "White Rabbit"}


def test_every_word_of_the_novel_is_in_a_line_once_and_in_order(script_file: Path, alice: str) -> None:
    script = parsed(script_file)
    heading, text = chapter_one(alice)
    said = [word for line in script.lines() for word in words(line.text)]
    assert len(said) > 2000
    assert said == words(heading) + words(text)


def test_every_character_of_the_script_is_spoken_or_silent_by_a_rule(script_file: Path) -> None:
    covered = coverage(parsed(script_file))
    assert covered.spoken + sum(covered.silent_by_rule.values()) == covered.characters
    assert covered.characters == len(script_file.read_text(encoding="utf-8"))


def test_the_plan_says_every_word_that_no_rule_reads_otherwise(script_file: Path, tmp_path: Path) -> None:
    plan = open_book(script_file, tmp_path / "store").plan
    assert len(plan.lines) == len(list(parsed(script_file).lines()))
    for line in plan.lines:
        utterances = [word for utterance in line.utterances for word in words(utterance)]
        assert utterances == words(line.spoken.text)
        if not line.line.title:  # the Roman number of the heading is read as a number
            assert utterances == words(line.line.text)


@pytest.mark.slow
def test_a_chapter_of_a_novel_becomes_a_book_without_a_fault(
    script_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["render", script_file.name, "--local"]) == 0
    folder = tmp_path / "output" / "chapter-one"
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert report["text"]["conserved"]
    with av.open(str(folder / "book.m4b")) as book:
        assert [chapter["metadata"]["title"] for chapter in book.chapters()] == [
            parsed(script_file).chapters[0].title
        ]
        assert book.duration is not None
        minutes = book.duration / 60e6
    spoken = sum(len(words(line.text)) for line in parsed(script_file).lines())
    # People read aloud at 130 to 200 words a minute, a synthesizer a little faster.
    assert 120 <= spoken / minutes <= 260
    _, faults = inspect(folder / "book.json", None, "audiobook")
    assert [str(fault) for fault in faults] == []
