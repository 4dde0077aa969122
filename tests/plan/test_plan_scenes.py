"""Who speaks together: scenes end at scene breaks and chapters."""

from pathlib import Path

from pipeline.engines.catalogue import load_catalogue
from pipeline.plan.plan import ModelFacts, make_plan
from pipeline.plan.scenes import scenes_of
from pipeline.script.check import read_script

STORY = """---
fullcast: 1
book: {title: T, announce_chapters: false}
cast: {narrator: tone/mid, Ann: tone/high, Bob: tone/low}
---
# One

It was late.

Ann: Who is there?

Ann: Hello?

***

Bob: Only me.

***

Ann: You again.

Bob: Me again.

# Two

Bob: Are you there?

…
"""


def test_scenes_are_where_two_speak_with_the_place_of_their_first_line(tmp_path: Path):
    path = tmp_path / "story.md"
    path.write_text(STORY)
    script, catalogue = read_script(path), load_catalogue()
    cast = {name: catalogue.resolve_voice(one.voice) for name, one in script.cast.items()}
    facts = {"tone@1": ModelFacts("tone@1", "tone", catalogue.capabilities("tone@1"), None, 1.0)}
    plan = make_plan(script, cast, facts, has_take=lambda key: False)
    found = [(scene.where, [part.character for part in scene.parts]) for scene in scenes_of(plan)]
    assert found == [(f"{path}:8", ["narrator", "Ann"]), (f"{path}:20", ["Ann", "Bob"])]
