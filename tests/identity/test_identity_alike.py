"""Characters of one scene whose voices may be taken for each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.catalogue import load_catalogue
from pipeline.identity.alike import ALIKE, Part, Scene, alike_pairs
from pipeline.identity.prints import PrintShelf, print_key

VOICES = {
    name: load_catalogue().resolve_voice(f"kokoro/{name}") for name in ("af_heart", "af_bella", "am_onyx")
}


def print_at(angle: float) -> np.ndarray:
    """An embedding at that angle from the first axis."""
    found = np.zeros(256, dtype=np.float32)
    found[:2] = np.cos(angle), np.sin(angle)
    return found


def angle_of(similarity: float) -> float:
    return float(np.arccos(similarity))


PRINTS = {
    print_key(VOICES["af_heart"]): print_at(0.0),
    print_key(VOICES["af_bella"]): print_at(angle_of(0.9)),
    print_key(VOICES["am_onyx"]): print_at(angle_of(0.5)),
}


def scene(where: str, **cast: str) -> Scene:
    return Scene(where, tuple(Part(name, VOICES[voice]) for name, voice in cast.items()))


def test_two_alike_voices_in_one_scene_are_named_with_the_first_place():
    scenes = [
        scene("a.md:3", Ann="af_heart", Bob="am_onyx"),
        scene("a.md:9", Cleo="af_bella", Ann="af_heart"),
    ]
    (pair,) = alike_pairs([*scenes, scenes[1]], PRINTS)
    assert pair.describe() == (
        "a.md:9: Cleo and Ann sound alike (kokoro/af_bella and kokoro/af_heart, 0.90) and one more scene"
    )


def test_alike_voices_that_never_meet_are_no_trouble():
    scenes = [scene("a.md:3", Ann="af_heart"), scene("a.md:9", Cleo="af_bella")]
    assert alike_pairs(scenes, PRINTS) == []


def test_one_voice_for_two_characters_needs_no_listening():
    (pair,) = alike_pairs([scene("a.md:3", Ann="af_heart", Cleo="af_heart")], {})
    assert pair.describe() == "a.md:3: Ann and Cleo have the same voice, kokoro/af_heart"


def test_voices_nobody_listened_to_are_not_judged():
    assert alike_pairs([scene("a.md:3", Ann="af_heart", Cleo="af_bella")], {}) == []


@given(st.floats(0.0, 1.0))
def test_the_threshold_alone_decides(similarity):
    prints = PRINTS | {print_key(VOICES["af_bella"]): print_at(angle_of(similarity))}
    found = alike_pairs([scene("a.md:3", Ann="af_heart", Cleo="af_bella")], prints)
    if abs(similarity - ALIKE) > 1e-5:
        assert bool(found) == (similarity > ALIKE)


def test_prints_are_kept_by_what_a_voice_is_made_of(tmp_path):
    shelf, voice = PrintShelf(tmp_path), VOICES["af_heart"]
    assert shelf.get(voice) is None
    shelf.put(voice, print_at(0.3))
    np.testing.assert_allclose(shelf.get(voice), print_at(0.3), atol=1e-6)
    blend = load_catalogue().resolve_voice("kokoro/af_heart:0.6+af_bella:0.4")
    assert shelf.get(blend) is None and shelf.get(VOICES["af_bella"]) is None
    for damage in ("", "{}", '{"embedding": [1, 2]}', '{"embedding": ["a"]}'):
        shelf.path_of(voice).write_text(damage)
        assert shelf.get(voice) is None


def test_the_same_state_under_another_model_is_another_print():
    from dataclasses import replace

    voice = VOICES["af_heart"]
    assert print_key(voice) != print_key(replace(voice, model="kokoro@next"))
    assert print_key(voice) == print_key(replace(voice, written="mine/whatever"))


@pytest.mark.parametrize("kept", [1, 1000])
def test_a_print_takes_a_few_kilobytes(tmp_path, kept):
    shelf = PrintShelf(tmp_path)
    noise = np.random.Generator(np.random.PCG64(kept)).standard_normal(256)
    shelf.put(VOICES["af_heart"], noise.astype(np.float32))
    assert shelf.path_of(VOICES["af_heart"]).stat().st_size < 5000
