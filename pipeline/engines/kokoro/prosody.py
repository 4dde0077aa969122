"""From a direction to the numbers inside the network: durations, F0, voice quality, level.

Kokoro was not trained for emotions, but its durations, its F0 curve and its style are plain tensors on the
way to the decoder. They are moved there, within bounds; nothing is done to the finished sound but gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.resources import files

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from pipeline.direction import Direction, Emotion, Realisation
from pipeline.engines.kokoro.feeling import kindred, moves_of
from pipeline.engines.kokoro.source import VOICED_HZ

# Bounds within which the voice stays clean: beyond, recognisers make more errors (rate 1.4: 12 % of words
# instead of 5 %) or the audio follows F0 less closely. Measured on af_heart and am_michael.
RATE_BOUNDS = (0.7, 1.25)
PITCH_BOUND_SEMITONES = 4.0
RANGE_BOUNDS = (0.5, 1.8)
SLOPE_BOUND_SEMITONES = 4.5
FINAL_BOUND_SEMITONES = 8.0
PAUSE_BOUNDS = (0.6, 1.6)
LENGTH_BOUNDS = (0.8, 1.3)
TREMOR_BOUND_SEMITONES = 0.5
GAIN_BOUND_DB = 3.0
TENSION_BOUND = 1.0

# Deviations up to this are intonation; beyond lie the edges of voicing, which are moved but not stretched.
INTONATION_SEMITONES = 8.0
VALUES_PER_S = 80
# Voiced stretches further apart than this are phrases, each with a slope and an end of its own; the longest
# closure of a stop consonant is shorter.
PHRASE_GAP_S = 0.2
# A phrase shorter than this gets only its share of the slope, so that no single word is sung.
WHOLE_SLOPE_S = 1.0
# How long the melody of a phrase takes to turn at its end: about the last syllable.
TURN_S = 0.4
# The voice often dies away before its melody does: by then the turn is made.
TURNED_S = 0.1
# Phrases inside a line do not close it.
INNER_TURN = 0.5
# A final rise of this size takes the place of the phrase's own ending.
FILLING_SEMITONES = 3.0
# Tremor of a fearful voice lies at 4-8 Hz.
TREMOR_HZ = 6.0

STRESS_MARK = "ˈ"
VOWELS = frozenset("AIOQWYaeiouyæɐɑɒɔəɘɚɛɜɝɤɨɪɯɵøœʉʊʌᵊᵻː")
SENTENCE_ENDS = frozenset(".!?…")
NO_STYLE_TEXT = "kokoro follows no style text"
# What the measurements of docs/kokoro-emotions.md say of feelings that are not told apart.
WEAK = {
    "disgusted": "weak: disgust is hardly carried by prosody",
    "tender": "weak: by prosody, tenderness differs from sadness in degree only",
}


@dataclass(frozen=True)
class Delivery:
    """What is done to one line inside the network; the default changes nothing.

    Attributes:
        rate: factor on speed.
        f0_level: semitones up.
        f0_range: factor on the distance to the line's median, in semitones.
        f0_slope: semitones that the melody of a phrase rises from start to end, its middle unchanged.
        pause: factor on the durations of punctuation.
        gain_db: applied to the sound.
        f0_final: semitones that the last syllable of a phrase rises at its end.
        stress: factor on the length of stressed vowels.
        ending: factor on the length of a sentence's last syllable.
        tremor: semitones of a tremble of the melody.
        tension: of the voice, -1 soft to 1 pressed, moved in the space of timbres.
    """

    rate: float = 1.0
    f0_level: float = 0.0
    f0_range: float = 1.0
    f0_slope: float = 0.0
    pause: float = 1.0
    gain_db: float = 0.0
    f0_final: float = 0.0
    stress: float = 1.0
    ending: float = 1.0
    tremor: float = 0.0
    tension: float = 0.0

    @property
    def intones(self) -> bool:
        """Whether the melody is changed."""
        plain = (self.f0_level, self.f0_range, self.f0_slope, self.f0_final, self.tremor)
        return plain != (0.0, 1.0, 0.0, 0.0, 0.0)


PLAIN = Delivery()


def deliver(direction: Direction) -> tuple[Delivery, Realisation, tuple[str, ...]]:
    """The direction as numbers, how its emotion is realised, and warnings where it was bounded."""
    feeling = emotional(direction.felt)
    warnings: list[str] = []
    rate = _bounded("rate", feeling.rate * direction.rate, *RATE_BOUNDS, "", warnings)
    limit = PITCH_BOUND_SEMITONES
    level = _bounded(
        "pitch", feeling.f0_level + direction.pitch_semitones, -limit, limit, " semitones", warnings
    )
    delivery = replace(feeling, rate=rate, f0_level=level)
    return delivery, _realisation(direction.felt, feeling), tuple(warnings)


def emotional(felt: Emotion) -> Delivery:
    """What a point in valence-arousal-dominance does to a voice, within the bounds."""
    moves = moves_of(felt)
    return Delivery(
        rate=_within(math.exp(moves.rate), *RATE_BOUNDS),
        f0_level=_held(moves.f0_level, PITCH_BOUND_SEMITONES),
        f0_range=_within(math.exp(moves.f0_range), *RANGE_BOUNDS),
        f0_slope=_held(moves.f0_slope, SLOPE_BOUND_SEMITONES),
        pause=_within(math.exp(moves.pause), *PAUSE_BOUNDS),
        gain_db=_held(moves.gain, GAIN_BOUND_DB),
        f0_final=_held(moves.f0_final, FINAL_BOUND_SEMITONES),
        stress=_within(math.exp(moves.stress), *LENGTH_BOUNDS),
        ending=_within(math.exp(moves.ending), *LENGTH_BOUNDS),
        tremor=_within(moves.tremor, 0.0, TREMOR_BOUND_SEMITONES),
        tension=_held(moves.tension, TENSION_BOUND),
    )


def _realisation(felt: Emotion, feeling: Delivery) -> Realisation:
    style = NO_STYLE_TEXT if felt.style else None
    if feeling == PLAIN:
        return Realisation("none", note=style)
    parameters = tuple(
        sorted((field.name, round(getattr(feeling, field.name), 3)) for field in fields(feeling))
    )
    weak = WEAK.get(kindred(felt) or "")
    return Realisation("prosody", parameters, "; ".join(filter(None, (style, weak))) or None)


def timed(frames: list[float], pauses: list[bool], delivery: Delivery, phonemes: str = "") -> list[int]:
    """Whole frames of each token, at least 1, from the network's fractional ones.

    Rounding errors are carried on to the next token, so that a line at rate 1.1 is 1.1 times as fast and
    not what rounding makes of it.

    Args:
        frames: what the network predicts for each token.
        pauses: which tokens are punctuation or the space behind it.
        delivery: rate, pause, stress and ending count.
        phonemes: of the tokens between the two edges; without them stress and ending change nothing.
    """
    plain = [max(1, round(value)) for value in frames]
    if (delivery.rate, delivery.pause, delivery.stress, delivery.ending) == (1.0, 1.0, 1.0, 1.0):
        return plain
    lengths = _lengths(phonemes, delivery) if phonemes else [1.0] * len(plain)
    wanted, given, result = 0.0, 0, []
    for count, is_pause, length in zip(plain, pauses, lengths, strict=True):
        wanted += count * (delivery.pause if is_pause else length) / delivery.rate
        result.append(max(1, round(wanted - given)))
        given += result[-1]
    return result


def _lengths(phonemes: str, delivery: Delivery) -> list[float]:
    """The factor on each token, edges included: of stressed vowels, and of a sentence's last syllable."""
    factors = [1.0] * len(phonemes)
    stressed = False
    for index, symbol in enumerate(phonemes):
        # The network gives the stress mark frames of its own, heard as part of the vowel.
        stressed = symbol == STRESS_MARK or (stressed and symbol in VOWELS)
        if stressed:
            factors[index] *= delivery.stress
    for start, end in _endings(phonemes):
        for index in range(start, end):
            factors[index] *= delivery.ending
    return [1.0, *factors, 1.0]


def _endings(phonemes: str) -> list[tuple[int, int]]:
    """From where to where the last syllable of each sentence reaches: its vowel and what follows."""
    found = []
    closed = phonemes if phonemes[-1:] in SENTENCE_ENDS else phonemes + "."
    for end, symbol in enumerate(closed):
        if symbol not in SENTENCE_ENDS:
            continue
        start = end
        while start > 0 and phonemes[start - 1] not in VOWELS and phonemes[start - 1] not in SENTENCE_ENDS:
            start -= 1
        while start > 0 and (phonemes[start - 1] in VOWELS or phonemes[start - 1] == STRESS_MARK):
            start -= 1
        found.append((start, end))
    return found


def melody(f0: Tensor, delivery: Delivery) -> Tensor:
    """One line's F0 (values,) in Hz, 80 a second, moved and shaped where it is voiced."""
    if not delivery.intones:
        return f0
    # Some hundred values in a dozen small steps: on a GPU each step would wait for the one before.
    values = f0.cpu()
    where = torch.nonzero(values > VOICED_HZ).squeeze(1)
    if not len(where):
        return f0
    hertz = values[where]
    center = hertz.median()
    away = 12 * torch.log2(hertz / center)
    place = where.to(away.dtype)
    moved = []
    for start, end in _phrases(where):
        share = 1.0 if end == len(where) else INNER_TURN
        moved.append(_phrase(place[start:end], away[start:end], delivery, share))
    semitones = torch.cat(moved) + delivery.f0_level
    if delivery.tremor:
        semitones = semitones + delivery.tremor * torch.sin(2 * math.pi * TREMOR_HZ / VALUES_PER_S * place)
    result = values.clone()
    result[where] = center * torch.exp2(semitones / 12)
    return result.to(f0.device)


def _phrases(where: Tensor) -> list[tuple[int, int]]:
    """From which to which voiced value each phrase reaches."""
    gaps = torch.nonzero(where.diff() > PHRASE_GAP_S * VALUES_PER_S).squeeze(1).tolist()
    bounds = [0, *(gap + 1 for gap in gaps), len(where)]
    return list(zip(bounds, bounds[1:], strict=False))


def _phrase(place: Tensor, away: Tensor, delivery: Delivery, share: float) -> Tensor:
    """Semitones from the line's median of one phrase, with range, slope and final turn.

    Args:
        place: where its values (values,) stand in the line.
        away: their semitones from the line's median before.
        delivery: range, slope and final count.
        share: of the final turn.
    """
    intonation = away.clamp(-INTONATION_SEMITONES, INTONATION_SEMITONES)
    span = float(place[-1] - place[0])
    along = (place - place[0]) / max(1.0, span) - 0.5  # -0.5 .. 0.5
    slope = delivery.f0_slope * min(1.0, span / (WHOLE_SLOPE_S * VALUES_PER_S))
    moved = away + intonation * (delivery.f0_range - 1) + along * slope
    final = delivery.f0_final * share
    if final == 0.0:
        return moved
    turn = _turn(place, away)
    # A rise first has to make good the fall that the network ends almost every phrase with.
    filled = turn * min(1.0, max(0.0, final) / FILLING_SEMITONES)
    return moved * (1 - filled) + turn * final


def _turn(place: Tensor, away: Tensor) -> Tensor:
    """0 up to the last syllable of a phrase, from there growing to 1 a little before its melody ends.

    Behind the last value that is intonation, voicing only dies away.
    """
    sung = torch.nonzero(away > -INTONATION_SEMITONES).squeeze(1)
    last = place[sung[-1]] if len(sung) else place[-1]
    share = ((place - last + TURNED_S * VALUES_PER_S) / (TURN_S * VALUES_PER_S) + 1).clamp(0, 1)
    return share**1.5


class _Timbre(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    source: str
    direction: list[float]


@lru_cache(maxsize=1)
def _tension() -> Tensor:
    """What a wholly pressed voice adds to the timbre half (128,) of a style."""
    text = files(__package__).joinpath("timbre.json").read_text(encoding="utf-8")
    return torch.tensor(_Timbre.model_validate_json(text).direction)


def tinted(style: Tensor, delivery: Delivery) -> Tensor:
    """The style (256,) of a voice made softer or more pressed; the same tensor if nothing is asked."""
    if delivery.tension == 0.0:
        return style
    direction = _tension().to(style)
    return torch.cat((style[: len(direction)] + delivery.tension * direction, style[len(direction) :]))


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _held(value: float, bound: float) -> float:
    return _within(value, -bound, bound)


def _bounded(name: str, value: float, low: float, high: float, unit: str, warnings: list[str]) -> float:
    held = _within(value, low, high)
    if not math.isclose(held, value, abs_tol=1e-9):
        warnings.append(f"{name} {value:.2f}{unit} is out of kokoro's bounds, held at {held:.2f}{unit}")
    return held
