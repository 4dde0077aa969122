"""The picture of the effects, and a page on which people tell emotions by ear without knowing them."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import soundfile

PANEL_WIDTH, PANEL_HEIGHT = 300, 232
LEFT, TOP, ROW = 84, 40, 24
PLOT_WIDTH = PANEL_WIDTH - LEFT - 20
COLUMNS = 4
COLORS = {"yes": "#1f7a4d", "no": "#9a9a9a", "against": "#b3261e", "": "#5b6f91"}
MEANINGS = {
    "yes": "as the literature says",
    "": "nothing expected",
    "no": "expected, not found",
    "against": "against it",
}
TITLES = {
    "rate": "rate, %",
    "level": "level, dB",
    "f0": "F0 median, semitones",
    "range": "F0 range, semitones",
    "slope": "contour over the line, semitones",
    "ending": "ending, semitones",
    "alpha": "above 1 kHz (pressed), dB",
}
CLIPS_ON_PAGE = 24


class PageClip(Protocol):
    """What the page needs of a clip."""

    @property
    def file(self) -> str: ...

    @property
    def emotion(self) -> str: ...

    @property
    def voice(self) -> str: ...

    @property
    def sentence(self) -> int: ...


def chart(verdict: dict[str, Any]) -> str:
    """An SVG: for each correlate a panel, in it a bar for each emotion, its 95 % interval, a dot for each voice."""
    effects = verdict["effects"]
    names = list(verdict["correlates"])
    rows = -(-(len(names) + 1) // COLUMNS)
    width, height = COLUMNS * PANEL_WIDTH, rows * PANEL_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for number, name in enumerate(names):
        x, y = number % COLUMNS * PANEL_WIDTH, number // COLUMNS * PANEL_HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(name, effects)}</g>')
    x, y = len(names) % COLUMNS * PANEL_WIDTH, len(names) // COLUMNS * PANEL_HEIGHT
    parts.append(f'<g transform="translate({x} {y})">{_legend()}</g></svg>\n')
    return "\n".join(parts)


def _panel(name: str, effects: dict[str, Any]) -> str:
    shown = [row[name] for row in effects.values()]
    reach = max(abs(value) for row in shown for value in (*row["by_voice"].values(), *row["interval"])) or 1.0
    scale = PLOT_WIDTH / 2 / reach
    zero = LEFT + PLOT_WIDTH / 2
    bottom = TOP + ROW * len(effects)
    parts = [f'<text x="{LEFT - 70}" y="22" font-weight="bold">{html.escape(TITLES[name])}</text>']
    for tick in (-reach, 0.0, reach):
        at = zero + tick * scale
        parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{bottom}" stroke="#cccccc"/>')
        parts.append(
            f'<text x="{at:.1f}" y="{bottom + 14}" text-anchor="middle" fill="#555555">{tick:+.1f}</text>'
        )
    for number, (emotion, row) in enumerate(effects.items()):
        parts.append(_bar(emotion, row[name], zero, scale, TOP + ROW * number + ROW / 2))
    return "".join(parts)


def _bar(emotion: str, effect: dict[str, Any], zero: float, scale: float, y: float) -> str:
    end = zero + effect["mean"] * scale
    low, high = (zero + value * scale for value in effect["interval"])
    color = COLORS[effect["verdict"]]
    dots = "".join(
        f'<circle cx="{zero + value * scale:.1f}" cy="{y:.1f}" r="2.4" fill="#ffffff" stroke="#222222" stroke-width="0.8"/>'
        for value in effect["by_voice"].values()
    )
    return (
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{emotion}</text>'
        f'<rect x="{min(zero, end):.1f}" y="{y - 7:.1f}" width="{abs(end - zero):.1f}" height="14" fill="{color}" '
        f'opacity="0.75"/><line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="#222222"/>{dots}'
    )


def _legend() -> str:
    parts = ['<text x="14" y="22" font-weight="bold">against neutral, same sentence and voice</text>']
    for number, (verdict, meaning) in enumerate(MEANINGS.items()):
        y = TOP + 22 * number
        parts.append(f'<rect x="14" y="{y}" width="14" height="14" fill="{COLORS[verdict]}" opacity="0.75"/>')
        parts.append(f'<text x="36" y="{y + 12}">{meaning}</text>')
    y = TOP + 22 * len(MEANINGS)
    parts.append(f'<line x1="12" x2="30" y1="{y + 7}" y2="{y + 7}" stroke="#222222"/>')
    parts.append(f'<text x="36" y="{y + 12}">95 % interval of the mean</text>')
    parts.append(
        f'<circle cx="21" cy="{y + 29}" r="2.4" fill="#ffffff" stroke="#222222" stroke-width="0.8"/>'
    )
    parts.append(f'<text x="36" y="{y + 34}">one voice</text>')
    return "".join(parts)


def listening_page(folder: Path, clips: Sequence[PageClip]) -> str:
    """One HTML page with some clips inside it, shuffled anew each time; it tells the score at the end."""
    emotions = list(dict.fromkeys(clip.emotion for clip in clips))
    chosen = [clip for clip in _spread(clips, emotions) if (folder / clip.file).is_file()]
    rows = [{"emotion": c.emotion, "voice": c.voice, "sound": _as_mp3(folder / c.file)} for c in chosen]
    page = Path(__file__).with_name("emotion_listen.html").read_text(encoding="utf-8")
    return page.replace("/*CLIPS*/[]", json.dumps(rows)).replace("/*EMOTIONS*/[]", json.dumps(emotions))


def _spread(clips: Sequence[PageClip], emotions: Sequence[str]) -> list[PageClip]:
    """As many clips of each emotion, voices and sentences in turn."""
    voices = list(dict.fromkeys(clip.voice for clip in clips))
    by_place = {(clip.emotion, clip.voice, clip.sentence): clip for clip in clips}
    sentences = 1 + max(clip.sentence for clip in clips)
    chosen = []
    for number in range(CLIPS_ON_PAGE):
        emotion, turn = emotions[number % len(emotions)], number // len(emotions)
        place = (emotion, voices[(turn + number) % len(voices)], (number * 7 + turn) % sentences)
        if place in by_place:
            chosen.append(by_place[place])
    return chosen


def _as_mp3(path: Path) -> str:
    """The clip as a data address, small enough that a page of two dozen stays under a megabyte."""
    samples, sample_rate = soundfile.read(path, dtype="float32")
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sample_rate, format="MP3")
    return "data:audio/mpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
