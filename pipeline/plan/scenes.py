"""Who speaks together: the scenes of a plan, each with its characters and their voices. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.identity.alike import Part, Scene
from pipeline.plan.plan import LinePlan, Plan
from pipeline.script.model import Chapter, Line, SceneBreak


def scenes_of(plan: Plan) -> list[Scene]:
    """The scenes in which two characters speak at least, in reading order; the narrator is one of them."""
    planned = {line.line.id: line for line in plan.lines if line.status != "silent"}
    scenes = []
    for _, chapter in plan.chapters():
        for lines in _between_breaks(chapter):
            heard = [planned[line.id] for line in lines if line.id in planned]
            parts = tuple(dict.fromkeys(Part(one.line.character, one.voice) for one in heard))
            if len({part.character for part in parts}) > 1:
                scenes.append(Scene(_where(heard), parts))
    return scenes


def _between_breaks(chapter: Chapter) -> Iterator[list[Line]]:
    lines: list[Line] = []
    for item in chapter.items:
        if isinstance(item, SceneBreak):
            yield lines
            lines = []
        elif isinstance(item, Line):
            lines.append(item)
    yield lines


def _where(heard: list[LinePlan]) -> str:
    return heard[0].line.where
