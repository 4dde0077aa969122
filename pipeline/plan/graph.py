"""The plan as a typed graph: weights -> takes -> chapters -> book, each node keyed by its content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.hashing import digest
from pipeline.plan.plan import LinePlan, Plan
from pipeline.script.model import Pause, SceneBreak, Sound

NodeKind = Literal["weights", "take", "chapter", "book"]


@dataclass(frozen=True)
class Node:
    """One thing to make. Equal keys are the same thing; `done` if it is there already."""

    kind: NodeKind
    key: str
    label: str
    done: bool


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be made, and edges (from what is needed, to what needs it)."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]


def build_graph(plan: Plan) -> Graph:
    """The graph of a plan; lines that share a take share its node."""
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], None] = {}
    chapter_keys: list[str] = []
    for facts in plan.models.values():
        key = facts.weights_sha256 or digest({"engine": facts.engine, "version": facts.capabilities.version})
        nodes[key] = Node("weights", key, facts.model, facts.weights_sha256 is not None)
    for index, chapter in plan.chapters():
        lines = [line for line in plan.chapter(index) if line.status != "silent"]
        key = chapter_key(plan, index, lines)
        for line in lines:
            done = line.status == "reuse"
            nodes[line.key] = Node("take", line.key, f"{line.line.character}: {line.line.id}", done)
            facts = plan.models[line.voice.model]
            weights = facts.weights_sha256 or digest(
                {"engine": facts.engine, "version": facts.capabilities.version}
            )
            edges[weights, line.key] = None
            edges[line.key, key] = None
        nodes[key] = Node("chapter", key, chapter.title, False)
        chapter_keys.append(key)
    book = digest({"chapters": chapter_keys, "title": plan.script.book.title})
    nodes[book] = Node("book", book, plan.script.book.title, False)
    for key in chapter_keys:
        edges[key, book] = None
    return Graph(tuple(nodes.values()), tuple(edges))


def chapter_key(plan: Plan, index: int, lines: list[LinePlan]) -> str:
    """What a chapter's sound depends on before mastering: its takes in order, its pauses and sounds."""
    cues = []
    for item in plan.script.chapters[index].items:
        if isinstance(item, Pause):
            cues.append(["pause", item.duration_s])
        elif isinstance(item, SceneBreak):
            cues.append(["scene break", 0])
        elif isinstance(item, Sound):
            cues.append(["sound", item.file.name])
    takes = [[line.key, line.line.relation, line.line.direction.gain_db] for line in lines]
    return digest({"takes": takes, "cues": cues, "pacing": plan.script.pacing.__dict__})


def as_mermaid(graph: Graph) -> Iterator[str]:
    """The graph as Mermaid flowchart lines; what is there already has a dashed border."""
    yield "flowchart LR"
    names = {node.key: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        label = f"{node.kind}: {node.label}".replace('"', "'")
        yield f'  {names[node.key]}["{label}<br/>{node.key[:8]}"]{":::done" if node.done else ""}'
    for source, target in graph.edges:
        yield f"  {names[source]} --> {names[target]}"
    yield "  classDef done stroke-dasharray: 4 4"


def as_dot(graph: Graph) -> Iterator[str]:
    """The graph as Graphviz DOT lines; what is there already is dashed."""
    yield "digraph plan {"
    yield "  rankdir=LR; node [shape=box];"
    for node in graph.nodes:
        label = f"{node.kind}: {node.label}".replace("\\", "\\\\").replace('"', '\\"')
        style = ", style=dashed" if node.done else ""
        yield f'  "{node.key[:16]}" [label="{label}\\n{node.key[:8]}"{style}];'
    for source, target in graph.edges:
        yield f'  "{source[:16]}" -> "{target[:16]}";'
    yield "}"
