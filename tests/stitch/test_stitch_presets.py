"""Presets are consistent with themselves."""

from __future__ import annotations

from typing import get_args

import pytest

from pipeline.stitch.presets import PRESETS
from pipeline.stitch.timeline import PresetName


def test_every_preset_name_has_its_preset():
    assert tuple(PRESETS) == get_args(PresetName)
    assert all(preset.name == name for name, preset in PRESETS.items())


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "none"])
def test_what_mastering_aims_at_passes_the_check(name):
    preset = PRESETS[name]
    lowest, highest = preset.accepted
    assert lowest <= preset.target - preset.tolerance <= preset.target + preset.tolerance <= highest
    assert preset.limiter_dbtp < preset.ceiling_db
    assert preset.minimum_bit_rate <= preset.bit_rate


def test_none_asks_for_nothing():
    none = PRESETS["none"]
    rules = (none.measure, none.accepted, none.ceiling_db, none.limiter_dbtp, none.noise_floor_dbfs)
    assert rules == (None,) * 5
    assert none.head_s is none.tail_s is none.longest_s is None
