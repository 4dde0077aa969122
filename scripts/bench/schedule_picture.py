"""The scheduler's grid as SVG: makespan over its lower bound and loads a worker, by the number of workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.files import make_folder, write_text

PANEL_W, PANEL_H, LEFT, TOP, GAP = 380, 240, 60, 50, 70
COLORS = {"none": "#2f6f8f", "slow": "#c77d2e", "lost": "#7a9a3a", "wrong": "#8a5fa8", "all": "#b03a3a"}
WORDS = {
    "none": "as planned", "slow": "a tenth 3 x slower", "lost": "a tenth lost", "wrong": "speeds wrong by up to 2 x",
    "all": "all of these",
}  # fmt: skip


def picture(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Writes the two charts to `path`, one mark a case."""
    workers = sorted({row["workers"] for row in rows})
    width, height = 2 * (LEFT + PANEL_W) + GAP, TOP + PANEL_H + 90
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        *_panel(rows, workers, LEFT, "makespan over its lower bound", lambda row: row["ratio"], 1.0, 1.2, (1.05, 1.15)),
        *_panel(rows, workers, 2 * LEFT + PANEL_W + GAP // 2, "loads a worker", lambda row: min(row["loads_a_worker"], 8.0), 0.0, 8.0, ()),
    ]  # fmt: skip
    for number, (name, words) in enumerate(WORDS.items()):
        x = LEFT + number * 165
        parts.append(
            f'<circle cx="{x}" cy="{height - 18}" r="4" fill="{COLORS[name]}"/>'
            f'<text x="{x + 10}" y="{height - 14}" fill="#333">{words}</text>'
        )
    make_folder(path.parent)
    write_text(path, "\n".join([*parts, "</svg>", ""]))


def _panel(
    rows: Sequence[dict[str, Any]],
    workers: Sequence[int],
    left: int,
    title: str,
    value: Callable[[dict[str, Any]], float],
    lowest: float,
    highest: float,
    goals: Sequence[float],
) -> list[str]:
    def y_of(number: float) -> float:
        return TOP + PANEL_H * (1 - (number - lowest) / (highest - lowest))

    parts = [f'<text x="{left}" y="{TOP - 20}" fill="#333" font-size="14">{title}</text>']
    for step in range(5):
        tick = lowest + (highest - lowest) * step / 4
        parts.append(
            f'<line x1="{left}" x2="{left + PANEL_W}" y1="{y_of(tick):.1f}" y2="{y_of(tick):.1f}" stroke="#e4e4e4"/>'
            f'<text x="{left - 8}" y="{y_of(tick) + 4:.1f}" text-anchor="end" fill="#666">{tick:.4g}</text>'
        )
    parts += [
        f'<line x1="{left}" x2="{left + PANEL_W}" y1="{y_of(goal):.1f}" y2="{y_of(goal):.1f}"'
        ' stroke="#999" stroke-dasharray="5 4"/>'
        for goal in goals
    ]
    column = PANEL_W / len(workers)
    for place, number in enumerate(workers):
        middle = left + (place + 0.5) * column
        parts.append(
            f'<text x="{middle:.1f}" y="{TOP + PANEL_H + 18}" text-anchor="middle" fill="#666">{number}</text>'
        )
        for trouble, color in COLORS.items():
            offset = (list(COLORS).index(trouble) - 2) * column / 7
            for row in rows:
                if row["workers"] == number and row["trouble"] == trouble:
                    shown = y_of(min(highest, max(lowest, value(row))))
                    parts.append(
                        f'<circle cx="{middle + offset:.1f}" cy="{shown:.1f}" r="3" fill="{color}" fill-opacity="0.7"/>'
                    )
    parts.append(
        f'<text x="{left + PANEL_W / 2}" y="{TOP + PANEL_H + 38}" text-anchor="middle" fill="#666">workers</text>'
    )
    return parts
