"""What kokoro promises to hold is at least what it holds."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline.engines.base import LoadRequest, Utterance
from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.kokoro.engine import (
    GPU_BYTES_PER_TOKEN,
    GPU_TOKENS,
    LONGEST_TOKENS,
    KokoroEngine,
    chosen_precision,
    tokens_within,
)
from pipeline.render.machine import MEMORY_SHARE

GB = 10**9


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


@pytest.mark.parametrize("free_bytes", [8 * GB, 24 * GB, 80 * GB, 140 * GB])
def test_two_models_fit_in_the_budget_of_a_gpu_with_the_working_memory_of_both(free_bytes: int) -> None:
    budget_bytes = int(free_bytes * MEMORY_SHARE)
    tokens = tokens_within(free_bytes, budget_bytes)
    assert LONGEST_TOKENS < tokens <= GPU_TOKENS
    weights_bytes = 350_000_000  # 82 million numbers of 4 bytes, and voices
    assert 2 * (weights_bytes + tokens * GPU_BYTES_PER_TOKEN) <= budget_bytes
