"""A bar chart as SVG: how much speech each engine makes in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from pipeline.files import make_folder, write_text

BAR_PX = 26
GAP_PX = 14
LEFT_PX = 190
WIDTH_PX = 420
TOP_PX = 44
OURS, THEIRS = "#2f6f8f", "#b8b8b8"


def bars(path: Path, facts: dict[str, dict[str, Any]]) -> None:
    """Writes the chart to `path`, fastest first."""
    values = sorted(
        ((name, float(one["x_real_time_per_cpu_s"])) for name, one in facts.items()),
        key=lambda pair: -pair[1],
    )
    scale = WIDTH_PX / values[0][1]
    height = TOP_PX + len(values) * (BAR_PX + GAP_PX)
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT_PX + WIDTH_PX + 70}" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="100%" height="100%" fill="white"/><text x="{LEFT_PX}" y="24" fill="#333">'
        "seconds of speech for each second of one core</text>",
    ]
    for number, (name, value) in enumerate(values):
        top = TOP_PX + number * (BAR_PX + GAP_PX)
        color = OURS if name.startswith("fullcast") else THEIRS
        rows.append(
            f'<text x="{LEFT_PX - 10}" y="{top + 18}" text-anchor="end" fill="#333">{escape(name)}</text>'
            f'<rect x="{LEFT_PX}" y="{top}" width="{value * scale:.1f}" height="{BAR_PX}" fill="{color}"/>'
            f'<text x="{LEFT_PX + value * scale + 8:.1f}" y="{top + 18}" fill="#333">{value:.2f}</text>'
        )
    make_folder(path.parent)
    write_text(path, "\n".join([*rows, "</svg>", ""]))
