"""Where the speaker encoder's weights come from: fetched like a model's, checked by SHA-256 before use."""

from __future__ import annotations

from pipeline.engines.entries import Form, ModelEntry, PypiSource, WeightFile

WEIGHTS_NAME = "pretrained.pt"
# Source: resemblyzer 0.1.4 (Apache-2.0), Wan et al. 2018, "Generalized end-to-end loss for speaker
# verification". Its weights lie in its package; none of its code is used, and nothing of it is installed.
ENCODER = ModelEntry(
    id="speaker-encoder@resemblyzer-0.1.4",
    engine="speaker-encoder",
    version="resemblyzer-0.1.4",
    languages=("*",),
    forms=(
        Form(
            "packaged",
            (
                WeightFile(
                    name=WEIGHTS_NAME,
                    sha256="39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
                    bytes=17_090_379,
                    sources=(PypiSource(("resemblyzer==0.1.4",), ("resemblyzer/pretrained.pt",)),),
                ),
            ),
        ),
    ),
)
ENCODER_SHA256 = ENCODER.forms[0].files[0].sha256
