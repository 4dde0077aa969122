"""Curves of memory over time as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from pipeline.files import make_folder, write_text

LEFT_PX, TOP_PX, WIDTH_PX, HEIGHT_PX = 62, 40, 560, 300
LEGEND_ROW_PX = 20
COLORS = ("#2f6f8f", "#b8b8b8", "#c2703d", "#7a9a4f")


@dataclass(frozen=True)
class Curve:
    """Seconds and bytes, in order of time."""

    name: str
    points: Sequence[tuple[float, int]]


def draw(path: Path, curves: Sequence[Curve], budget_bytes: int) -> None:
    """Writes the curves to `path`, with a dashed line at the budget."""
    end_s = max(at_s for curve in curves for at_s, _ in curve.points) or 1.0
    top_bytes = 1.05 * max(budget_bytes, *(size for curve in curves for _, size in curve.points))
    across, up = WIDTH_PX / end_s, HEIGHT_PX / top_bytes
    floor = TOP_PX + HEIGHT_PX
    height = floor + 44 + LEGEND_ROW_PX * (len(curves) + 1)
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT_PX + WIDTH_PX + 30}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{LEFT_PX}" y="22" fill="#333">'
        "memory of one worker, GB, over seconds; a cast of 12 models</text>",
        f'<path d="M{LEFT_PX} {TOP_PX}V{floor}H{LEFT_PX + WIDTH_PX}" fill="none" stroke="#333"/>',
        *_ticks(end_s, top_bytes, across, up, floor),
        _dashed(floor - budget_bytes * up),
    ]
    for number, curve in enumerate(curves):
        color = COLORS[number % len(COLORS)]
        path_data = " ".join(
            f"{'L' if place else 'M'}{LEFT_PX + at_s * across:.1f} {floor - size * up:.1f}"
            for place, (at_s, size) in enumerate(_steps(curve))
        )
        rows.append(f'<path d="{path_data}" fill="none" stroke="{color}" stroke-width="1.8"/>')
        rows.append(_legend(number, floor, color, curve.name, ""))
    rows.append(_legend(len(curves), floor, "#333", "budget of the third run", ' stroke-dasharray="5 4"'))
    make_folder(path.parent)
    write_text(path, "\n".join([*rows, "</svg>", ""]))


def _steps(curve: Curve) -> list[tuple[float, int]]:
    """What is held changes at once; what is resident was looked at often enough to be joined."""
    if not curve.name.startswith("held"):
        return list(curve.points)
    stepped = list(curve.points[:1])
    for at_s, size in curve.points[1:]:
        stepped += [(at_s, stepped[-1][1]), (at_s, size)]
    return stepped


def _ticks(end_s: float, top_bytes: float, across: float, up: float, floor: int) -> list[str]:
    every_s = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if end_s / step <= 10)
    found = []
    for at_s in range(0, int(end_s) + 1, every_s):
        x = LEFT_PX + at_s * across
        found.append(f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle" fill="#333">{at_s}</text>')
    for gigabytes in range(int(top_bytes / 1e9) + 1):
        y = floor - gigabytes * 1e9 * up
        found.append(
            f'<text x="{LEFT_PX - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#333">{gigabytes}</text>'
            f'<path d="M{LEFT_PX} {y:.1f}h{WIDTH_PX}" stroke="#eee"/>'
        )
    return found


def _dashed(y: float) -> str:
    return f'<path d="M{LEFT_PX} {y:.1f}h{WIDTH_PX}" stroke="#333" stroke-dasharray="5 4"/>'


def _legend(row: int, floor: int, color: str, name: str, dashes: str) -> str:
    y = floor + 44 + row * LEGEND_ROW_PX
    return (
        f'<path d="M{LEFT_PX} {y - 4}h24" stroke="{color}" stroke-width="1.8"{dashes}/>'
        f'<text x="{LEFT_PX + 32}" y="{y}" fill="#333">{escape(name)}</text>'
    )
