"""The examples of docs/script.md and the demo scripts are right, every one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from script_files import write_sound

from pipeline.direction import LABEL_POINTS
from pipeline.script.check import check_script
from pipeline.script.coverage import coverage
from pipeline.script.model import SceneBreak, Sound
from pipeline.script.schema import (
    BookForm,
    CharacterForm,
    DirectionForm,
    PacingForm,
    SoundForm,
    json_schema,
)
from pipeline.script.schema_yaml import ScriptForm

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "script.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(yaml|markdown)\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
HEAD = "book: {title: T}\ncast:\n  narrator: kokoro/bm_george\n  Jim: kokoro/am_michael\n"
HEAD += "  Della: {voice: kokoro/af_heart, aliases: [Mrs. Young]}\n"
DEMOS = sorted(path for path in (ROOT / "manifests").iterdir() if path.suffix in (".md", ".yaml"))


def whole_script(kind: str, example: str) -> str:
    """The example itself, or with the head that a fragment needs."""
    if kind == "markdown":
        return example if example.startswith("---") else f"---\n{HEAD}---\n{example}"
    if example.startswith("- "):
        rows = "".join(f"      {row}\n" for row in example.splitlines())
        return f"{HEAD}chapters:\n  - title: One\n    lines:\n{rows}"
    return example


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_an_example_of_the_docs_is_a_script(kind: str, example: str, tmp_path: Path) -> None:
    (tmp_path / "sfx").mkdir()
    for name in ("door.wav", "rain.wav"):
        write_sound(tmp_path / "sfx" / name)
    (tmp_path / "chapter-two.md").write_text("# Two\n\nJim: Yes.\n", encoding="utf-8")
    (tmp_path / "chapter-three.yaml").write_text("lines: [Yes., {Jim: No.}]\n", encoding="utf-8")
    path = tmp_path / ("book.md" if kind == "markdown" else "book.yaml")
    text = whole_script(kind, example)
    path.write_text(text, encoding="utf-8")
    script, problems = check_script(path)
    assert script is not None, "\n".join(map(str, problems))
    assert all("has no line" in problem.message for problem in problems), problems
    coverage(script)
    if kind == "yaml":
        assert schema_errors(yaml.safe_load(text)) == []


def schema_errors(value: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(json_schema()).iter_errors(value)]


def test_the_docs_have_examples_of_both_forms() -> None:
    assert {kind for kind, _ in EXAMPLES} == {"yaml", "markdown"} and len(EXAMPLES) >= 7


@pytest.mark.parametrize("form", [ScriptForm, BookForm, CharacterForm, DirectionForm, PacingForm, SoundForm])
def test_every_key_is_in_the_docs(form: type) -> None:
    fields: dict[str, Any] = form.model_fields  # type: ignore[attr-defined]
    missing = [key for key in fields if f"`{key}`" not in DOCS and f"{key}:" not in DOCS]
    assert missing == []


def test_every_emotion_is_in_the_docs() -> None:
    assert [label for label in LABEL_POINTS if f"`{label}`" not in DOCS] == []


@pytest.mark.parametrize("path", DEMOS, ids=lambda path: path.name)
def test_a_demo_is_right_without_a_warning(path: Path) -> None:
    script, problems = check_script(path)
    assert problems == [] and script is not None
    assert coverage(script).characters == sum(script.sources.values())


def test_yaml_demos_fit_the_schema() -> None:
    paths = [path for path in DEMOS if path.suffix == ".yaml"]
    assert paths and all(
        schema_errors(yaml.safe_load(path.read_text(encoding="utf-8"))) == [] for path in paths
    )


def test_the_main_demo_shows_what_it_should() -> None:
    script, _ = check_script(ROOT / "manifests" / "lighthouse.md")
    assert script is not None
    words = sum(len(line.text.split()) for line in script.lines())
    assert 480 <= words <= 560
    assert len(script.chapters) == 2 and len(script.cast) >= 4 and len(script.lexicon) >= 2
    items = [item for chapter in script.chapters for item in chapter.items]
    assert any(isinstance(item, SceneBreak) for item in items) and any(
        isinstance(item, Sound) for item in items
    )


WRONG = [
    {"cast": {"narrator": "a/b"}},
    {"chapters": []},
    {"fullcast": 2},
    {"bok": {"title": "T"}},
    {"book": {"title": "T", "langage": "en"}},
    {"book": {"title": "T", "year": "soon"}},
    {"cast": {"Jim": {"emotion": "sad"}}},
    {"cast": {"Jim": {"voice": "a/b", "emotion": "sda"}}},
    {"pacing": {"sentences": 1}},
    {"chapters": [{"title": "One"}]},
    {"chapters": [{"lines": [{"pause": "long"}]}]},
    {"chapters": [{"lines": [{"Jim": {"text": "x", "rate": 9}}]}]},
    {"chapters": [{"lines": [{"Jim": "x", "emotion": "sad"}]}]},
    {"chapters": [{"lines": [{"sound": {"fil": "x.wav"}}]}]},
]


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_a_wrong_script_does_not_fit_the_schema(change: dict[str, Any]) -> None:
    right = {"book": {"title": "T"}, "cast": {"narrator": "a/b"}, "chapters": [{"lines": ["Words."]}]}
    assert schema_errors(right) == []
    wrong = {**right, **change}
    if change == {"cast": {"narrator": "a/b"}}:
        del wrong["book"]
    assert schema_errors(wrong) != []
