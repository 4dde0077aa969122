"""Scripts for the benches, made from a number: the same number, the same book. All sentences are our own."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from pipeline.files import write_text

# Pieces of sentences; what they build is 4 to 45 words long, as in a novel.
OPENINGS = (
    "Nobody in the harbor", "The clerk behind the counter", "My sister", "An old lantern",
    "The night watchman", "Every child on the street", "The captain of the ferry", "A letter from the city",
    "The last of the guests", "Our neighbor upstairs", "The gardener", "A stranger with a green umbrella",
)  # fmt: skip
DEEDS = (
    "had forgotten the key", "walked slowly down to the water", "kept looking at the clock",
    "said very little", "came in without knocking", "opened the window and listened", "counted the steps once more",
    "left a parcel by the door", "never asked for anything", "remembered the summer of the flood",
    "waited for the first train", "laughed at the wrong moment",
)  # fmt: skip
ENDINGS = (
    "", "before the rain began", "as if it had been agreed upon years ago",
    "while the kettle sang on the stove and the dog slept under the table",
    "because there was nothing else to do on a Sunday", "and then everything was quiet again",
    "although the whole town knew what it meant, from the baker's wife to the man who wound the tower clock",
    "for the third time that week",
)  # fmt: skip
STARTS = ("Yes", "Not yet", "I know", "Well", "Why, now", "Of course not", "No", "Good heavens")
COLORS = ("red", "green", "pale", "dark", "dull", "warm", "cold", "wet", "dry", "old", "new", "odd", "big",
          "shy", "sly", "fat", "thin", "tall", "soft", "hard", "calm", "wild")  # fmt: skip
THINGS = ("cat", "dog", "hen", "fox", "owl", "cow", "pig", "ram", "bat", "eel", "ant", "bee", "elk", "hare",
          "crow", "dove", "frog", "goat", "lamb", "mole", "seal", "toad")  # fmt: skip
MOVES = ("ran", "sat", "fell", "ate", "hid", "swam", "spun", "dug", "slept", "left", "came", "sang", "flew",
         "hopped", "stood", "bit", "woke", "hummed", "leapt", "froze", "called", "crept")  # fmt: skip


def sentences(count: int, seed: int = 1) -> list[str]:
    """That many different sentences; a script makes one line of each."""
    chooser = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[_sentence(chooser)] = None
    return list(found)


def short_sentences(count: int, seed: int = 1) -> list[str]:
    """That many different texts of three short words.

    Raises:
        ValueError: more than there are.
    """
    every = [f"{color} {thing} {move}.".capitalize() for color, thing, move in product(COLORS, THINGS, MOVES)]
    if count > len(every):
        raise ValueError(f"there are only {len(every)} short sentences, {count} were asked for")
    return random.Random(seed).sample(every, count)


def write_book(
    path: Path, cast: Mapping[str, str], texts: Sequence[str], chapters: int, pace: float = 1.0
) -> Path:
    """A Markdown script at `path`: the characters of `cast` say `texts` in turn; every third is narrated.

    Args:
        cast: character to voice; `narrator` must be among them.
    """
    others = [name for name in cast if name != "narrator"]
    rows = ["---", "fullcast: 1", "book: {title: A Bench, author: The fullcast authors, language: en-us}"]
    rows += [f"pacing: {{pace: {pace}}}", "cast:"]
    rows += [f"  {name}: {voice}" for name, voice in cast.items()]
    rows += ["---", ""]
    per_chapter = -(-len(texts) // chapters)
    for number, text in enumerate(texts):
        if number % per_chapter == 0:
            rows += [f"# Part {number // per_chapter + 1}", ""]
        speaker = None if number % 3 == 0 or not others else others[number % len(others)]
        rows += [text if speaker is None else f"{speaker}: {text}", ""]
    write_text(path, "\n".join(rows))
    return path


def _sentence(chooser: random.Random) -> str:
    """One or two clauses, the first one sometimes after a word of its own; now and then a short question."""
    if chooser.random() < 0.08:
        return f"{_clause(chooser)}?"
    said = " ".join(word for word in (_clause(chooser), chooser.choice(ENDINGS)) if word)
    if chooser.random() < 0.35:
        said += f", and {_lowered(_clause(chooser))}"
    if chooser.random() < 0.15:
        said = f"{chooser.choice(STARTS)}, {_lowered(said)}"
    return said + "."


def _clause(chooser: random.Random) -> str:
    return f"{chooser.choice(OPENINGS)} {chooser.choice(DEEDS)}"


def _lowered(said: str) -> str:
    return said[0].lower() + said[1:]
