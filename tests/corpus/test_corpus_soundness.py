"""The inspection finds every fault that is put into a clean chapter, and nothing in the clean one."""

from collections.abc import Callable

import numpy as np
import pytest
import soundness
from soundness import Fault, Stretch, Wave

RATE_HZ = 44_100
LINES = (Stretch("one", 0.75, 2.0), Stretch("two", 3.0, 5.0))
SOUND = Stretch("bell.wav", 2.0, 3.0)


def clean() -> Wave:
    """Two tones that swell and fade, over faint noise, as long as a chapter of two lines."""
    noise = np.random.default_rng(7).normal(0.0, 10 ** (-75 / 20), round(8.0 * RATE_HZ))
    for line in LINES:
        time = np.arange(round((line.end_s - line.start_s) * RATE_HZ)) / RATE_HZ
        swell = np.minimum(1.0, np.minimum(time, time[::-1]) / 0.02)
        first = round(line.start_s * RATE_HZ)
        noise[first : first + time.size] += 0.2 * swell * np.sin(2 * np.pi * 220 * time)
    return noise.astype(np.float32)


def all_faults(wave: Wave, sounds: tuple[Stretch, ...] = ()) -> list[Fault]:
    return [
        *soundness.joins("a.flac", wave, RATE_HZ, LINES, sounds),
        *soundness.clipping("a.flac", wave, RATE_HZ),
        *soundness.dropouts("a.flac", wave, RATE_HZ),
        *soundness.dead_air("a.flac", wave, RATE_HZ, [], soundness.DEAD_AIR_S),
        *soundness.speech_in_gaps("a.flac", wave, RATE_HZ, LINES, sounds),
        *soundness.silent_lines("a.flac", wave, RATE_HZ, LINES),
    ]


def at(second: float) -> int:
    return round(second * RATE_HZ)


def click(wave: Wave) -> None:
    wave[at(2.0 + soundness.KEEP_AFTER_S) :][:30] += 0.05


def clip(wave: Wave) -> None:
    wave[at(1.5) : at(1.5) + 3] = -1.0


def drop_out(wave: Wave) -> None:
    wave[at(4.0) : at(4.011)] = 0.0


def murmur(wave: Wave) -> None:
    wave[at(2.4) : at(2.6)] += 0.01 * np.sin(np.arange(at(2.6) - at(2.4)) / 20)


def lose_the_end(wave: Wave) -> None:
    wave[at(4.8) : at(5.0)] *= 0.0001


FAULTS = {
    "click at a join": click,
    "clipping": clip,
    "digital silence": drop_out,
    "sound in a gap": murmur,
    "nothing heard at an edge of two": lose_the_end,
}


def test_a_clean_chapter_has_no_faults() -> None:
    assert all_faults(clean()) == []


@pytest.mark.parametrize(("name", "damage"), FAULTS.items())
def test_each_damage_is_found_by_its_name(name: str, damage: Callable[[Wave], None]) -> None:
    wave = clean()
    damage(wave)
    assert name in {fault.check for fault in all_faults(wave)}


def test_silence_of_more_than_three_seconds_is_dead_air_unless_the_author_wrote_a_pause() -> None:
    wave = clean()
    longer = np.concatenate([wave[: at(2.5)], wave[at(5.5) : at(8.0)], wave[at(2.5) :]])
    (fault,) = soundness.dead_air("a.flac", longer, RATE_HZ, [], soundness.DEAD_AIR_S)
    assert fault.at_s == pytest.approx(2.0, abs=0.02)
    assert fault.value == pytest.approx(3.5, abs=0.03)
    pause = [Stretch("pause", 1.9, 5.5)]
    assert soundness.dead_air("a.flac", longer, RATE_HZ, pause, soundness.DEAD_AIR_S) == []


def test_a_sound_of_the_author_in_a_gap_is_no_fault() -> None:
    wave = clean()
    murmur(wave)
    assert all_faults(wave, (SOUND,)) == []


def test_head_and_tail_are_counted_from_what_is_heard() -> None:
    start_s, end_s = soundness.heard_edges(clean(), RATE_HZ)
    assert start_s == pytest.approx(0.75, abs=0.011)
    assert end_s == pytest.approx(5.0, abs=0.011)
    assert soundness.heard_edges(np.zeros(RATE_HZ, np.float32), RATE_HZ) == (0.0, 0.0)
