"""Reasons in words, and the plan as a graph."""

import pytest

from pipeline.engines.catalogue import load_catalogue
from pipeline.plan.graph import as_dot, as_mermaid, build_graph
from pipeline.plan.plan import ModelFacts, make_plan
from pipeline.plan.why import Spoken, align, reason
from pipeline.script.check import check_script
from pipeline.takes.choose import Choice

PARTS = {"text": ["Hello."], "voice": "v", "direction": {}, "seed": 1, "engine_version": "1", "weights": "w"}


def spoken(line_id="a", character="Ann", text="Hello.", voice="tone/low", **parts):
    return Spoken(line_id, character, text, voice, "k", {**PARTS, **parts})


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (spoken(), "take missing"),
        (spoken(seed=2), "retake asked"),
        (spoken(voice="tone/high", **{"direction": {}}), "take missing"),
        (spoken(engine_version="2"), "engine newer (was 1, now 2)"),
        (spoken(weights="x"), "weights changed"),
        (spoken(direction={"rate": 2}), "direction changed"),
        (spoken(direction={"rate": 2}, engine_version="2"), "direction changed"),
    ],
)
def test_the_first_part_that_differs_is_the_reason(new, expected):
    assert reason(spoken(), new) == expected


def test_a_line_that_was_never_there_is_new():
    assert reason(None, spoken()) == "new line"


def test_an_edited_line_is_found_between_its_neighbours():
    old = [spoken("a"), spoken("b", "Bob"), spoken("c")]
    new = [spoken("a"), spoken("b2", "Bob"), spoken("c")]
    assert align(old, new)["b2"].line_id == "b"


def test_a_line_of_another_character_is_not_taken_for_the_edited_one():
    old = [spoken("a"), spoken("b", "Bob"), spoken("c")]
    new = [spoken("a"), spoken("x", "Ann"), spoken("c")]
    assert "x" not in align(old, new)


def test_a_moved_line_is_still_itself():
    old = [spoken("a"), spoken("b"), spoken("c")]
    new = [spoken("c"), spoken("a"), spoken("b")]
    assert {name: was.line_id for name, was in align(old, new).items()} == {"a": "a", "b": "b", "c": "c"}


@pytest.fixture
def plan_of(tmp_path):
    """A plan of two chapters in two tone voices; `done` are texts whose takes are there."""

    def plan(done=(), choices=None):
        path = tmp_path / "book.md"
        path.write_text(
            "---\nfullcast: 1\nbook: {title: B, language: en-us, announce_chapters: false}\n"
            "cast: {narrator: tone/low, Ann: tone/high}\n---\n"
            "# One\n\nA first line of some length here.\n\nAnn: The same words twice, by Ann.\n\n"
            "# Two\n\nAnn: The same words twice, by Ann.\n"
        )
        script, problems = check_script(path)
        assert script is not None and not [one for one in problems if not one.warning]
        catalogue = load_catalogue()
        cast = {name: catalogue.resolve_voice(one.voice) for name, one in script.cast.items()}
        capabilities = catalogue.engine("tone").capabilities
        facts = {"tone@1": ModelFacts("tone@1", "tone", capabilities, None, 100.0)}
        nothing = make_plan(script, cast, facts, has_take=lambda key: False)
        keys = {line.key for line in nothing.lines if line.line.text in done}
        return make_plan(script, cast, facts, has_take=lambda key: key in keys, choices=choices or {})

    return plan


def test_lines_that_sound_the_same_share_one_take(plan_of):
    plan = plan_of()
    assert len({line.key for line in plan.lines if line.status == "render"}) == 2
    assert len(list(plan.to_render())) == 2


def test_what_is_there_is_reused(plan_of):
    plan = plan_of(done=["A first line of some length here."])
    assert [line.status for line in plan.lines] == ["reuse", "render", "render"]


def test_an_approval_of_a_take_that_is_gone_is_said(plan_of):
    line = plan_of().lines[0]
    choice = Choice(locked="f" * 64, text=line.line.text, voice=line.voice.written)
    plan = plan_of(choices={line.line.id: choice})
    assert plan.lines[0].reason == "new line; approved take not used: it is no longer in the store"


def test_the_graph_goes_from_weights_over_takes_and_chapters_to_the_book(plan_of):
    graph = build_graph(plan_of())
    kinds = [node.kind for node in graph.nodes]
    assert {kind: kinds.count(kind) for kind in kinds} == {"weights": 1, "take": 2, "chapter": 2, "book": 1}
    by_key = {node.key: node.kind for node in graph.nodes}
    steps = {(by_key[source], by_key[target]) for source, target in graph.edges}
    assert steps == {("weights", "take"), ("take", "chapter"), ("chapter", "book")}
    assert next(as_mermaid(graph)) == "flowchart LR"
    assert list(as_dot(graph))[-1] == "}"
