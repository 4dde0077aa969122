"""The speaker encoder, ready to use: its weights are fetched and verified like any model's."""

from __future__ import annotations

from pipeline.identity.encoder import SpeakerEncoder
from pipeline.identity.encoder_weights import ENCODER, WEIGHTS_NAME
from pipeline.registry.progress import Progress
from pipeline.registry.weights import WeightStore


def open_encoder(weights: WeightStore, progress: Progress | None = None) -> SpeakerEncoder:
    """The speaker encoder in memory; 17 MB are fetched the first time.

    Raises:
        MissingError: the weights are not here, and no source has them.
        EngineError: they are not what they should be.
    """
    found = weights.ensure(ENCODER, progress)
    return SpeakerEncoder(found.files[WEIGHTS_NAME], weights.cache / "converted")
