"""What kokoro promises to hold is at least what it holds."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline.engines.base import LoadRequest, Utterance
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.kokoro.engine import KokoroEngine, chosen_precision


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_held_after_a_load_and_a_voice_is_no_more_than_what_was_promised(
    precision: str,
    weight_files: dict[str, Path],
    scratch: Path,
    weights: object,
    say: Callable[[str], Utterance],
) -> None:
    if precision == "bfloat16" and chosen_precision(torch.device("cpu"), "auto") != precision:
        pytest.skip("this CPU has no bfloat16")
    engine = KokoroEngine()
    engine.load(LoadRequest("kokoro@1.0", weight_files, "cpu", 1, scratch, {"precision": precision}))
    engine.pieces_of(say("Good day."))
    promised = load_catalogue().capabilities("kokoro@1.0").memory_bytes
    assert 0.5 * promised < engine.bytes_held() <= promised
    engine.unload()
