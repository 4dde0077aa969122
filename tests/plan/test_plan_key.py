"""Take keys: what they depend on, and that they stay what they are."""

import pytest

from pipeline.direction import Direction, Emotion
from pipeline.plan.key import key_parts, line_seed, take_key


def parts(**changes):
    given = {
        "utterances": ("One dollar and eighty-seven cents.",),
        "phonemes": (),
        "language": "en-us",
        "voice": "a" * 64,
        "direction": Direction(),
        "engine": "kokoro",
        "engine_version": "1",
        "model": "kokoro@1.0",
        "weights_sha256": "b" * 64,
        "sample_rate": 24_000,
    }
    return key_parts(**{**given, **changes})


# A changed key costs every user a re-render of everything: change these only with a reason, and say
# "Re-renders:" in the changelog.
PINNED = {
    "plain": ({}, "ca6d5625ede50df9e8811d73f10d11e304abe885ae77e861ddc182dc4a1e09bc"),
    "sad": (
        {"direction": Direction(Emotion.from_label("sad"), 0.7, rate=0.95)},
        "5233ea0ca00306b6c21cded7e830e9b33bc8d445a017cda35d93289fb30909d0",
    ),
    "retake": (
        {"alt": 1, "phonemes": (("Dillingham", "dˈɪlɪŋəm"),)},
        "a74bd99efa0e3f51912aa29fb1f5777ffa9281b9afa709f2c46bfbcd3eb93fd5",
    ),
}


@pytest.mark.parametrize("name", PINNED)
def test_keys_stay_what_they_were(name):
    changes, expected = PINNED[name]
    assert take_key(parts(**changes)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"utterances": ("One dollar.",)},
        {"language": "en-gb"},
        {"voice": "c" * 64},
        {"direction": Direction(rate=1.1)},
        {"direction": Direction(pitch_semitones=1.0)},
        {"direction": Direction(Emotion.from_label("sad"))},
        {"engine_version": "2"},
        {"weights_sha256": "d" * 64},
        {"sample_rate": 22_050},
        {"phonemes": (("cents", "sɛnts"),)},
        {"alt": 1},
    ],
)
def test_whatever_is_heard_changes_the_key(changes):
    assert take_key(parts(**changes)) != take_key(parts())


@pytest.mark.parametrize(
    "direction",
    [
        Direction(gain_db=-6.0),
        Direction(Emotion.from_label("sorrowful")),
        Direction(Emotion(-0.63, -0.27, -0.33)),
    ],
)
def test_gain_and_the_name_of_an_emotion_do_not_change_the_key(direction):
    same = Direction() if direction.gain_db else Direction(Emotion.from_label("sad"))
    assert take_key(parts(direction=direction)) == take_key(parts(direction=same))


def test_a_lines_seed_follows_its_text_and_voice_and_nothing_else():
    plain = parts()
    assert parts(weights_sha256="d" * 64, engine_version="9")["seed"] == plain["seed"]
    assert parts(utterances=("Two.",))["seed"] != plain["seed"]
    assert 0 <= line_seed(plain, 0) < 2**63
    assert line_seed(plain, 1) != line_seed(plain, 0)
