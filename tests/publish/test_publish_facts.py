"""`book.json` and `provenance.json`: complete, plain, and silent about the machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from publish_samples import RATE, line_span, take, timeline

from pipeline.errors import AudioError, MissingError
from pipeline.publish.manifest import PublishedChapter, book_json
from pipeline.publish.provenance import DIGITAL_SOURCE_TYPE, provenance, without_folders
from pipeline.script.model import Book, Span
from pipeline.stitch.timeline import SoundSpan

MODELS = {"tone@1.0": {"tone.bin": "cd" * 32}}
BOOK = Book(title="Book", author="Ann")


def test_every_line_is_in_the_book_with_its_place_in_script_and_sound() -> None:
    first = timeline(line_span("a", "Jim", "One.", RATE, 2 * RATE, seed=7), title="First")
    second = replace(
        timeline(line_span("b", "Della", "Two.", 0, RATE // 2, seed=8), title="Second"), missing=("c",)
    )
    chapters = [PublishedChapter("chapters/01.flac", first), PublishedChapter("chapters/02.flac", second)]
    book = book_json(BOOK, "book", chapters, "0.1.0")
    assert json.loads(json.dumps(book)) == book
    assert (book["title"], book["author"], book["duration_s"]) == ("Book", "Ann", 20.0)
    assert [entry["title"] for entry in book["chapters"]] == ["First", "Second"]
    assert [entry["book_start_samples"] for entry in book["chapters"]] == [0, 10 * RATE]
    assert book["chapters"][0]["file"] == "chapters/01.flac"
    assert book["chapters"][0]["lines"] == [
        {
            "id": "a",
            "character": "Jim",
            "text": "One.",
            "title": False,
            "take": f"{7:064x}",
            "source": "book.md:12",
            "start_samples": RATE,
            "end_samples": 2 * RATE,
            "start_s": 1.0,
            "end_s": 2.0,
        }
    ]
    assert book["missing"] == book["chapters"][1]["missing"] == ["c"]


def test_sounds_are_named_without_the_folders_of_the_machine() -> None:
    spans = (
        SoundSpan(Path("/home/ann/sounds/rain.wav"), 0, RATE, -6.0, True),
        SoundSpan(Path("sounds/door.wav"), RATE, 2 * RATE, 0.0, False),
    )
    chapter = replace(timeline(), sounds=spans)
    sounds = book_json(BOOK, "b", [PublishedChapter("1.flac", chapter)], "0.1.0")["chapters"][0]["sounds"]
    assert [sound["file"] for sound in sounds] == ["rain.wav", "sounds/door.wav"]
    assert (sounds[0]["under"], sounds[0]["gain_db"], sounds[0]["end_s"]) == (True, -6.0, 1.0)


def test_a_script_elsewhere_is_named_by_its_file_alone() -> None:
    span = line_span("a", "Jim", "One.", 0, RATE)
    moved = replace(span, line=replace(span.line, spans=(Span("/home/ann/book.md", 3, 0, 4),)))
    book = book_json(BOOK, "b", [PublishedChapter("1.flac", timeline(moved))], "0.1.0")
    assert book["chapters"][0]["lines"][0]["source"] == "book.md:3"


def test_a_book_without_chapters_lasts_no_time() -> None:
    assert book_json(BOOK, "b", [], "0.1.0")["duration_s"] == 0.0


def test_chapters_of_different_rates_are_refused() -> None:
    chapters = [
        PublishedChapter("1", timeline()),
        PublishedChapter("2", replace(timeline(), sample_rate=48_000)),
    ]
    with pytest.raises(AudioError, match="44100, 48000 Hz"):
        book_json(BOOK, "b", chapters, "0.1.0")


def test_provenance_lists_each_engine_model_voice_and_seed() -> None:
    takes = [take("a", "Jim", "One.", seed=7), take("b", "Jim", "Two.", seed=8)]
    made = provenance(takes, "0.1.0", MODELS)
    assert made["digitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert made["digitalSourceType"].endswith("trainedAlgorithmicMedia")
    assert made["tool"] == {"name": "fullcast", "version": "0.1.0"}
    assert made["models"] == [{"model": "tone@1.0", "engine": "tone", "files": MODELS["tone@1.0"]}]
    assert made["voices"] == [{"model": "tone@1.0", "voice": "tone/mid", "lines": 2}]
    assert [(line["line"], line["seed"], line["engine"]) for line in made["lines"]] == [
        ("a", 7, "tone"),
        ("b", 8, "tone"),
    ]


def test_provenance_tells_nothing_of_the_machine_or_when_it_ran() -> None:
    cloned = replace(
        take("a", "Jim", "One.", voice="clone//home/ann/voices/ann.wav"),
        path=Path("/home/ann/takes/x.flac"),
        rendered_at="2026-05-04T03:02:01Z",
        key_parts={"reference": "/home/ann/voices/ann.wav"},
    )
    said = json.dumps(provenance([cloned], "0.1.0", {"tone@1.0": {"/home/ann/tone.bin": "cd" * 32}}))
    assert "home" not in said
    assert "2026" not in said
    assert "tone.bin" in said
    assert "ann.wav" in said


def test_a_model_without_files_is_known_and_an_unknown_one_is_refused() -> None:
    takes = [take("a", "Jim", "One.")]
    assert provenance(takes, "0.1.0", {"tone@1.0": {}})["models"][0]["files"] == {}
    with pytest.raises(MissingError, match=r"a: no checksums are known for the model 'tone@1\.0'"):
        provenance(takes, "0.1.0", {})


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("kokoro/af_heart:0.6+af_bella:0.4", "kokoro/af_heart:0.6+af_bella:0.4"),
        ("/a b/c/ann.wav", "ann.wav"),
        (r"C:\voices\ann.wav", "ann.wav"),
        ("espeak/en-gb+f3", "espeak/en-gb+f3"),
        ("book.md:12", "book.md:12"),
    ],
)
def test_only_absolute_paths_lose_their_folders(text: str, left: str) -> None:
    assert without_folders(text) == left
