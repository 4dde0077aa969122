"""How voices sound: spoken once, by what they are made of; of a person nothing is kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.entries import LocalSource, ResolvedVoice, WeightFile
from pipeline.hashing import digest_file
from pipeline.identity.prints import print_key
from pipeline.registry.places import default_cache
from pipeline.registry.weights import WeightStore
from pipeline.render.sampling import Sampler
from pipeline.render.voice_prints import Listener


@pytest.fixture
def weights(tmp_path: Path) -> WeightStore:
    """This machine's weights, in a cache in which nobody listened to a voice yet."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("weights", "converted"):
        (default_cache() / name).mkdir(parents=True, exist_ok=True)
        (cache / name).symlink_to(default_cache() / name)
    return WeightStore(cache)


def test_voices_speak_once_and_one_that_cannot_is_told(weights: WeightStore) -> None:
    catalogue = load_catalogue()
    written = ("espeak/en-us", "espeak/en-us+f3", "tone/low")
    voices = [catalogue.resolve_voice(one) for one in written]
    broken = replace(voices[0], written="mine/broken", model="espeak@1.52", parts=_named(voices[0], "nobody"))
    asked: list[str] = []
    found = Listener(weights).prints(
        [*voices, voices[0], broken], catalogue, lambda voice, number, total: asked.append(voice.written)
    )
    assert sorted(asked) == sorted([*written, "mine/broken"])
    assert set(found.heard) == {print_key(voice) for voice in voices}
    assert list(found.unheard) == ["mine/broken"] and found.unheard["mine/broken"]
    asked.clear()
    again = Listener(weights).prints(
        voices, catalogue, lambda voice, number, total: asked.append(voice.written)
    )
    assert asked == []
    for key, one in found.heard.items():
        np.testing.assert_allclose(again.heard[key], one, atol=1e-6)


def _named(voice: ResolvedVoice, name: str) -> tuple:
    entry, share = voice.parts[0]
    return ((replace(entry, id=f"espeak/{name}", name=name), share),)


def test_a_voice_made_from_a_recording_sounds_as_the_recording_and_leaves_nothing(
    weights: WeightStore, tmp_path: Path
) -> None:
    catalogue = load_catalogue()
    with Sampler(catalogue, weights) as sampler:
        audio = sampler.speak("This is what grandpa sounded like.", catalogue.resolve_voice("espeak/en-gb"))
    path = tmp_path / "grandpa.wav"
    soundfile.write(path, audio.samples, audio.sample_rate, subtype="FLOAT")
    recording = WeightFile(path.name, digest_file(path), path.stat().st_size, (LocalSource(str(path)),))
    tone = catalogue.resolve_voice("tone/low")
    entry = replace(tone.parts[0][0], id="mine/grandpa", file=recording, state="reference")
    voice = replace(tone, written="mine/grandpa", parts=((entry, 1.0),))
    listener = Listener(weights)
    found = listener.prints([voice], catalogue)
    np.testing.assert_allclose(found.heard[print_key(voice)], listener.encoder().embed(audio), atol=1e-4)
    assert listener.shelf.get(voice) is None
    weights.path_of(recording).unlink()
