import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.emotivoice.acoustic import Reading
from pipeline.engines.emotivoice.feeling import Delivery
from pipeline.engines.emotivoice.moves import moved, timed

frames = st.lists(st.integers(0, 40), min_size=1, max_size=80).map(torch.tensor)


@given(frames, st.floats(0.5, 2.0))
def test_a_rate_is_kept_to_half_a_frame_over_the_whole_line(durations, rate):
    given_total = max(int(durations.sum()), 0) or len(durations)
    spoken = timed(durations, rate)
    assert int(spoken.min()) >= 0 and int(spoken.sum()) >= 1
    assert abs(int(spoken.sum()) - given_total / rate) <= 0.5 + 1e-9
    assert spoken.dtype == durations.dtype


@given(frames)
def test_the_voices_own_rate_changes_no_duration(durations):
    expected = durations if int(durations.sum()) else torch.ones_like(durations)
    assert torch.equal(timed(durations, 1.0), expected)


def test_pitch_moves_in_hertz_and_energy_in_its_own_unit():
    reading = Reading(
        torch.zeros(2, 4), torch.tensor([3, 4]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, -0.5])
    )
    higher = moved(reading, Delivery(pitch_semitones=12.0, energy_db=20.0))
    assert (higher.pitch * 53.78 + 225.089).tolist() == pytest.approx([450.178, 557.738], abs=1e-2)
    assert (higher.energy * 21.78 + 30.610).tolist() == pytest.approx([306.10, 197.2], abs=1e-2)
    same = moved(reading, Delivery())
    assert torch.equal(same.pitch, reading.pitch) and torch.equal(same.energy, reading.energy)
