"""`fullcast takes check`: takes that do not sound like their voice, and voices that sound alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cli.main import run
from pipeline.registry.places import default_cache
from pipeline.takes.store import TakeStore

BOOK = """---
fullcast: 1
book: {title: Two, language: en-us}
cast:
  narrator: espeak/en-us
  Ann: espeak/en-us+f3
  Bob: espeak/en-us+m7
---
# One

The old harbor lay quiet in the morning, and nobody had seen the boat come back from the island.

Ann: I told you twice that she would never agree to sell the house, whatever price they name.

***

Bob: Seven brown birds flew over the garden wall while the children were looking for their shoes.

Ann: Then we will have to walk along the coast, and we had better start before the rain comes.

Bob: Yes.
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """A book that espeak has said, and a cache in which nobody listened to a voice yet."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "cache").mkdir()
    for name in ("weights", "converted"):
        (default_cache() / name).mkdir(parents=True, exist_ok=True)
        (folder / "cache" / name).symlink_to(default_cache() / name)
    script = folder / "two.md"
    script.write_text(BOOK)
    store, out = str(folder / "store"), str(folder / "out")
    arguments = ["--local", "--preset", "none", "--format", "wav", "--store", store, "-o", out]
    assert run(["render", str(script), *arguments]) == 0
    return script


@pytest.fixture(autouse=True)
def own_cache(book, monkeypatch):
    monkeypatch.setenv("FULLCAST_CACHE", str(book.parent / "cache"))


def on(book: Path, *arguments: str) -> int:
    return run([*arguments, str(book), "--store", str(book.parent / "store")])


def heard(book: Path, capsys) -> tuple[int, list[dict]]:
    capsys.readouterr()
    code = run(["takes", "check", str(book), "--store", str(book.parent / "store"), "--json"])
    return code, [json.loads(row) for row in capsys.readouterr().out.splitlines()]


def test_takes_of_their_own_voices_are_in_order_and_alike_voices_of_a_scene_are_named(book, capsys):
    assert on(book, "plan") == 0
    assert "sound alike" not in capsys.readouterr().out, "nobody listened yet"
    assert on(book, "takes", "check") == 0
    said = capsys.readouterr()
    assert "listening to espeak/en-us+f3" in said.err
    assert "0 of 6 takes do not sound like their voice" in said.out
    rows = {row.split()[0]: row for row in said.out.splitlines()}
    assert "1 takes" in rows["espeak/en-us"] and "1 too short to say" in rows["espeak/en-us"]
    assert "2 takes" in rows["espeak/en-us+f3"]
    code, takes = heard(book, capsys)
    assert code == 0 and len(takes) == 6
    for take in takes:
        assert (take["own"] is None) == (take["speech_s"] < 1.6)
        assert take["own"] is None or take["own"] > 0.85


def test_alike_voices_that_meet_are_told_by_plan_once_someone_listened(book, capsys):
    """Bob and the narrator are 0.87 alike, but never speak in one scene; then they do."""
    assert on(book, "takes", "check") == 0
    assert "sound alike" not in capsys.readouterr().out
    joined = book.with_name("joined.md")
    joined.write_text(BOOK.replace("***\n\n", ""))
    assert on(joined, "plan") == 0
    where = f"{joined}:9"
    assert f"warning: {where}: narrator and Bob sound alike (espeak/en-us and espeak/en-us+m7, 0.8" in (
        capsys.readouterr().out
    )
    assert on(joined, "plan", "--json") == 0
    (pair,) = json.loads(capsys.readouterr().out)["alike"]
    assert pair["characters"] == ["narrator", "Bob"] and pair["similarity"] > 0.85


def test_one_voice_for_two_characters_is_told_by_plan_and_report_without_listening(book, capsys):
    twins = book.with_name("twins.md")
    twins.write_text(BOOK.replace("espeak/en-us+m7", "espeak/en-us+f3"))
    assert on(twins, "plan") == 0
    told = f"{twins}:17: Bob and Ann have the same voice, espeak/en-us+f3"
    assert f"warning: {told}" in capsys.readouterr().out
    out = book.parent / "out"
    store = str(book.parent / "store")
    assert run(["render", str(twins), "--local", "--preset", "none", "--store", store, "-o", str(out)]) == 0
    report = json.loads((out / "twins" / "report.json").read_text())
    assert [pair["told"] for pair in report["alike"]] == [told]


def test_a_take_in_another_voice_is_found_and_named_with_what_to_do(book, capsys):
    """Bob's sound under the key of Ann's take: nothing but the ear can tell."""
    store = TakeStore(book.parent / "store")
    _, takes = heard(book, capsys)
    ann, bob = (next(take for take in takes if take["id"].startswith(name)) for name in ("ann", "bob"))
    right = store.get(ann["take"])
    good, wrong = store.audio_path(ann["take"]).read_bytes(), store.get(bob["take"])
    sound = ("audio_sha256", "levels", "length_samples", "sample_rate")
    store.put(
        replace(right, **{name: getattr(wrong, name) for name in sound}),
        store.audio_path(bob["take"]).read_bytes(),
    )
    try:
        assert on(book, "takes", "check") == 1
        said = capsys.readouterr().out
        assert f"{ann['where']}: {ann['id']}: 0." in said and "like espeak/en-us" in said
        assert f"fullcast retake {book} {ann['id']}" in said
        assert "1 of 6 takes do not sound like their voice" in said
    finally:
        store.put(right, good)


def test_a_book_without_takes_is_told_to_be_rendered(book, tmp_path, capsys):
    assert run(["takes", "check", str(book), "--store", str(tmp_path / "empty")]) == 2
    assert "no line of it has a take; run: fullcast render" in capsys.readouterr().err
