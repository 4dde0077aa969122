"""What is done to the numbers between the acoustic model's two halves: rate, pitch, energy of each token."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from pipeline.engines.emotivoice.acoustic import (
    ENERGY_DEVIATION,
    ENERGY_MEAN,
    PITCH_DEVIATION_HZ,
    PITCH_MEAN_HZ,
    Reading,
)
from pipeline.engines.emotivoice.feeling import Delivery


def moved(reading: Reading, delivery: Delivery) -> Reading:
    """The reading as it is to be spoken; at least one frame long."""
    return replace(
        reading,
        durations=timed(reading.durations, delivery.rate),
        pitch=_scaled(reading.pitch, 2 ** (delivery.pitch_semitones / 12), PITCH_MEAN_HZ, PITCH_DEVIATION_HZ),
        energy=_scaled(reading.energy, 10 ** (delivery.energy_db / 20), ENERGY_MEAN, ENERGY_DEVIATION),
    )


def timed(durations: Tensor, rate: float) -> Tensor:
    """Whole frames (tokens,) of each token at a rate; the total is exact to half a frame.

    Rounding errors are carried on to the next token. Where all would be 0, each token gets one frame, as in
    the model's own rule for such a prediction.
    """
    if not bool(durations.any()):
        durations = torch.ones_like(durations)
    if rate == 1.0:
        return durations
    ends = torch.round(durations.double().cumsum(0) / rate)
    steps = torch.diff(ends, prepend=ends.new_zeros(1)).to(durations.dtype)
    # A line of one frame at twice the rate still needs that frame.
    return steps if bool(steps.any()) else torch.nn.functional.pad(steps.new_ones(1), (0, len(steps) - 1))


def _scaled(values: Tensor, factor: float, mean: float, deviation: float) -> Tensor:
    """Values in deviations from a mean, multiplied in the unit they stand for; never below none of it."""
    if factor == 1.0:
        return values
    return ((values * deviation + mean) * factor - mean) / deviation
