"""The encoder with its real weights, and real speech of two voices."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pipeline.audio import Audio
from pipeline.engines.catalogue import load_catalogue
from pipeline.identity.encoder import SpeakerEncoder
from pipeline.registry.speaker_encoder import open_encoder
from pipeline.registry.weights import WeightStore
from pipeline.render.sampling import Sampler

MORNING = (
    "The old harbor lay quiet in the morning, and nobody had seen the boat come back from the island yet."
)
HOUSE = "I told you twice that she would never agree to sell the house, whatever price they name."
SPOKEN = {
    ("heart", "morning"): ("kokoro/af_heart", MORNING),
    ("heart", "house"): ("kokoro/af_heart", HOUSE),
    ("onyx", "morning"): ("kokoro/am_onyx", MORNING),
    ("espeak", "morning"): ("espeak/en-us", MORNING),
}


@pytest.fixture(scope="session")
def encoder() -> SpeakerEncoder:
    return open_encoder(WeightStore())


@pytest.fixture(scope="session")
def speech() -> Mapping[tuple[str, str], Audio]:
    """Some six seconds of speech by voice and sentence."""
    catalogue = load_catalogue()
    with Sampler(catalogue, WeightStore()) as sampler:
        return {
            key: sampler.speak(text, catalogue.resolve_voice(voice)) for key, (voice, text) in SPOKEN.items()
        }
