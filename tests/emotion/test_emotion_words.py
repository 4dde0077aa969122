"""The word lists: whole, of known labels, and not read before they are needed."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline.direction import LABEL_POINTS
from pipeline.emotion import words
from pipeline.emotion.evidence import THRESHOLD

LISTS = [words.english_narration, words.english_words, words.chinese_narration, words.chinese_words]


@pytest.mark.parametrize("read", LISTS, ids=lambda read: read.__name__)
def test_every_group_has_a_known_label_and_can_decide_alone(read):
    for name in type(read()).model_fields:
        groups = getattr(read(), name)
        for group in groups if isinstance(groups, tuple) else ():
            if isinstance(group, words.WordGroup | words.PatternGroup):
                assert group.label in LABEL_POINTS and group.label != "neutral"
                assert group.confidence >= THRESHOLD


@pytest.mark.parametrize("table", ["verbs", "adverbs", "adjectives", "nouns"])
def test_no_english_word_has_two_labels(table: str):
    groups = getattr(words.english_narration(), table)
    seen = [form for group in groups for form in (group.words + " " + group.forms).split()]
    assert [first for first, second in pairwise(sorted(seen)) if first == second] == []


def test_no_chinese_word_has_two_labels():
    groups = words.chinese_narration().cues + words.chinese_narration().tags
    seen = sorted(word for group in groups for word in group.words.split())
    assert [first for first, second in pairwise(seen) if first == second] == []


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        ("sob+", {"sobs", "sobbed", "sobbing"}),
        ("wail", {"wails", "wailed", "wailing"}),
        ("tremble", {"trembles", "trembled", "trembling"}),
        ("cry", {"cries", "cried", "crying"}),
        ("hiss", {"hisses", "hissed", "hissing"}),
        ("say", {"says", "sayed", "saying"}),
    ],
)
def test_regular_verbs_are_inflected(verb: str, forms: set[str]):
    assert set(words.verb_forms(verb)) == forms


def test_a_list_with_an_unknown_label_is_refused():
    with pytest.raises(ValueError, match="no emotion 'gleeful'"):
        words.WordGroup(label="gleeful", confidence=0.9)
    with pytest.raises(ValueError, match="no emotion 'gleeful'"):
        words.PatternGroup(label="gleeful", confidence=0.9, patterns=("x",))


def test_checking_a_script_loads_neither_lexicon_nor_lists(tmp_path: Path):
    script = tmp_path / "book.md"
    head = "---\nbook: {title: T}\ncast: {narrator: tone/low, Ann: {voice: tone/high, emotion: auto}}\n---\n"
    script.write_text(head + "# One\n\n“No,”{Ann} she sobbed.\n", encoding="utf-8")
    code = (
        "import sys; from pipeline.cli.main import run; code = run(['check', sys.argv[1]]);"
        "slow = ('vaderSentiment', 'pipeline.emotion.words', 'pipeline.emotion.infer');"
        "print(code, [name for name in sys.modules if name.startswith(slow)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(script)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr
