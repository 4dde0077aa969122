"""Which emotions that a script asks for its engines cannot carry, known before anything is rendered. Pure."""

from __future__ import annotations

from collections import Counter

from pipeline.direction import Emotion, Level
from pipeline.engines.base import Capabilities
from pipeline.errors import Problem, ScriptError
from pipeline.plan.plan import LinePlan, Plan


def promised(felt: Emotion, capabilities: Capabilities) -> Level:
    """The best level at which an engine may realise a feeling; `none` for one that it would drop.

    A style text without a point says nothing to an engine that moves prosody alone. A model that knows some
    labels only is asked for the label itself, or for the one nearest to the point.
    """
    level = capabilities.emotion_level
    if capabilities.emotions and not {felt.label, felt.nearest_label()[0]} & set(capabilities.emotions):
        return "none"
    only_style = felt.valence == felt.arousal == felt.dominance == 0.0
    return "none" if level == "prosody" and only_style and felt.style is not None else level


def unrealised(plan: Plan) -> tuple[LinePlan, ...]:
    """Lines that ask for an emotion of an engine that would drop it."""
    return tuple(
        line
        for line in plan.lines
        if line.status != "silent"
        and not (felt := line.line.direction.felt).is_neutral
        and promised(felt, plan.models[line.voice.model].capabilities) == "none"
    )


def unrealised_counts(plan: Plan) -> dict[str, int]:
    """How many such lines each engine has."""
    return dict(Counter(plan.models[line.voice.model].engine for line in unrealised(plan)))


def demand_realised(plan: Plan) -> None:
    """Nothing, if every emotion that is asked can be carried: the strict mode.

    Raises:
        ScriptError: some would be dropped; each line is named.
    """
    problems = [_problem(line, plan.models[line.voice.model].engine) for line in unrealised(plan)]
    if problems:
        raise ScriptError(problems)


def _problem(planned: LinePlan, engine: str) -> Problem:
    file, _, number = planned.line.where.rpartition(":")
    asked = planned.line.direction.emotion.describe()
    return Problem(
        file,
        int(number),
        f"{planned.line.character} is asked to be {asked}, which engine {engine} cannot do",
        "give the character another engine's voice, take the emotion out, or render without --strict",
    )
