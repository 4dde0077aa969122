"""Mouth shapes for an animated face, from the times at which the engine itself put the phonemes. Pure.

The shapes are Rhubarb's: A closed (m, b, p), B teeth together, C open, D wide open, E rounded, F puckered;
G teeth on lip (f, v), H tongue raised (l), X at rest.
Source: DanielSWolf/rhubarb-lip-sync:rhubarb/src/animation/animationRules.cpp (shapes of phones, basic
shapes), rhubarb/src/exporters/JsonExporter.cpp (the file).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal

Shape = Literal["A", "B", "C", "D", "E", "F", "G", "H", "X"]
PhonemeTimes = Sequence[tuple[str, float, float]]
EXTENDED = frozenset("GHX")
BASIC: dict[Shape, Shape] = {"G": "A", "H": "C", "X": "A"}
# Shorter marks and spaces belong to the flow of speech: the mouth does not come to rest.
REST_S = 0.08
# A diphthong stays so long at its first shape.
FIRST_SHARE = 0.6
CENTI = 100

# IPA as engines of fullcast write it; Kokoro's capitals are its diphthongs.
# Source: hexgrad/misaki:EN_PHONES.md.
_SINGLE: dict[Shape, str] = {
    "A": "mbpɱ",
    "B": "iɪsztdnkɡɡɢŋɲʃʒʧʤθðɕʑçjɾɹrxɣʂʐʈɖɳʔTᵻɨʁʀcɟʝyʏʦʣʨʥqχħɽɻɴɰSꭧ",
    "C": "ɛeæəʌɐɜᵊɘɚœøa",
    "D": "ɑɒɶ",
    "E": "ɔoɝɞ",
    "F": "uʊwʍɯɥʉɤ",
    "G": "fvʋβɸ",
    "H": "lɫɭʎɬ",
}
_DIPHTHONGS: dict[str, tuple[Shape, Shape]] = {
    "A": ("C", "B"),
    "I": ("D", "B"),
    "W": ("D", "E"),
    "Y": ("E", "B"),
    "O": ("E", "F"),
    "Q": ("C", "F"),
}
_SHAPES: dict[str, Shape] = {symbol: shape for shape, symbols in _SINGLE.items() for symbol in symbols}
# Stress, length, tone and the like: the mouth stays in the shape of its vowel.
_SILENT_MARKS = frozenset("ˈˌːˑʰʲʷᵝ̃ʼ→↓↗↘˥˦˧˨˩̩̯")
_PAUSES = frozenset(' .!?…;:,—"“”()')


def mouth_cues(
    timing: PhonemeTimes, duration_s: float, start_s: float = 0.0, extended: Collection[str] = EXTENDED
) -> list[tuple[float, float, Shape]]:
    """Start, end and shape from 0 to the sound's end, one after the other, never empty; whole centiseconds.

    Args:
        timing: symbol, start and end of each phoneme in the take, in order.
        duration_s: of the pack's sound.
        start_s: where in the take that sound begins.
        extended: which of G, H and X may be used; for the others their nearest basic shape stands.
    """
    spans = [(shape, begin - start_s, end - start_s) for shape, begin, end in _spans(timing)]
    total = max(1, round(duration_s * CENTI))
    places: list[tuple[int, Shape]] = [(0, "X")]
    for shape, begin, _ in spans:
        places.append((min(total, max(0, round(begin * CENTI))), shape))
    if spans:
        places.append((min(total, max(0, round(spans[-1][2] * CENTI))), "X"))
    return _cues(places, total, extended)


def _cues(
    places: Sequence[tuple[int, Shape]], total: int, extended: Collection[str]
) -> list[tuple[float, float, Shape]]:
    """Cues from where each shape begins: empty ones out, equal neighbors joined."""
    cues: list[tuple[int, int, Shape]] = []
    for (begin, shape), (end, _) in zip(places, [*places[1:], (total, "X")], strict=True):
        shown = shape if shape in extended else BASIC.get(shape, shape)
        if end <= begin:
            continue
        if cues and cues[-1][2] == shown:
            cues[-1] = (cues[-1][0], end, shown)
        else:
            cues.append((begin, end, shown))
    return [(begin / CENTI, end / CENTI, shape) for begin, end, shape in cues]


def _spans(timing: PhonemeTimes) -> list[tuple[Shape, float, float]]:
    """Shape, start and end of what moves the mouth; what does not lengthens the shape before it."""
    spans: list[tuple[Shape, float, float]] = []
    for symbol, begin, end in timing:
        shapes = _shapes_of(symbol, end - begin)
        if not shapes:
            if spans:
                spans[-1] = (spans[-1][0], spans[-1][1], end)
            continue
        turn = begin + (end - begin) * FIRST_SHARE if len(shapes) == 2 else end
        spans.append((shapes[0], begin, turn))
        if len(shapes) == 2:
            spans.append((shapes[1], turn, end))
    return spans


def _shapes_of(symbol: str, duration_s: float) -> tuple[Shape, ...]:
    if symbol in _PAUSES:
        return ("X",) if duration_s >= REST_S else ()
    if symbol in _SILENT_MARKS or symbol == "h" or symbol == "ɦ":
        return ()
    if symbol in _DIPHTHONGS:
        return _DIPHTHONGS[symbol]
    # A sound of a language that the table lacks is articulated somehow: a little open.
    return (_SHAPES.get(symbol, "B"),)


def unknown_symbols(symbols: Iterable[str]) -> set[str]:
    """Those that have no shape of their own."""
    known = _SHAPES.keys() | _DIPHTHONGS.keys() | _SILENT_MARKS | _PAUSES | {"h", "ɦ"}
    return set(symbols) - known


def rhubarb_json(
    sound_file: str, duration_s: float, cues: Iterable[tuple[float, float, Shape]]
) -> dict[str, Any]:
    """The file in Rhubarb's schema; `sound_file` is relative to it."""
    return {
        "metadata": {"soundFile": sound_file, "duration": max(1, round(duration_s * CENTI)) / CENTI},
        "mouthCues": [{"start": begin, "end": end, "value": shape} for begin, end, shape in cues],
    }
