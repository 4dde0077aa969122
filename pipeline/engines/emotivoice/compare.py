"""Our network beside the checkout's own models, stage by stage, on the user's weights.

`python -m pipeline.engines.emotivoice.compare 我来到北京` runs the checkout whole in a process of its own,
which needs all of its requirements (transformers, yacs ...), and says how alike the two are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pipeline.engines.base import VoicePart
from pipeline.engines.emotivoice.checkout import Checkout
from pipeline.engines.emotivoice.front import FrontEnd, child_environment
from pipeline.engines.emotivoice.loading import Network, load_network
from pipeline.engines.emotivoice.settings import HOME_VARIABLE, Settings, read_settings
from pipeline.errors import EngineError, FullcastError, MissingError

CHILD = Path(__file__).with_name("whole_child.py")
LIMIT_S = 600.0
STAGES = ("prompt", "text", "durations", "pitch", "energy", "mel", "wave")
# Sums of float32 in another order: the same sums of the small stand-in lie above 100 dB.
ALIKE_DB = 60.0

Stages = Mapping[str, npt.NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Likeness:
    """Signal over difference at each stage in dB; infinite where equal, -infinite where lengths differ."""

    stages: Mapping[str, float]

    @property
    def alike(self) -> bool:
        """Whether the two would be heard as one."""
        return all(value >= ALIKE_DB for value in self.stages.values())


def compare(settings: Settings, scratch: Path, text: str, voice: str, prompt: str) -> Likeness:
    """How alike our network and the checkout's own models are on one line.

    Raises:
        MissingError: files of the checkout are missing.
        LineError: the text cannot be spoken.
        EngineError: the weights are damaged, or the checkout's own models cannot be run.
    """
    checkout = Checkout.of(settings)
    checkout.demand()
    network = load_network(checkout, scratch, torch.device("cpu"))
    front = FrontEnd(checkout, settings.python, scratch / "emotivoice-front")
    try:
        ids = network.ids(front.pronounce(text).tokens)
    finally:
        front.close()
    row = [VoicePart(voice)]
    network.voice(row)  # names an unknown voice
    ours = _ours(network, ids, row, prompt, text)
    speaker = network.speakers[voice]
    theirs = _theirs(checkout, settings.python or sys.executable, ids, speaker, prompt, text)
    return Likeness({stage: likeness_db(theirs[stage], ours[stage]) for stage in STAGES})


def likeness_db(true: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Energy of `true` over the energy of the difference, in dB."""
    one, two = (values.astype(np.float64).ravel() for values in (true, other))
    if one.shape != two.shape:
        return -np.inf
    difference = float(np.square(one - two).sum())
    return np.inf if difference == 0 else 10 * float(np.log10(np.square(one).sum() / difference))


@torch.inference_mode()
def _ours(network: Network, ids: list[int], voice: list[VoicePart], prompt: str, text: str) -> Stages:
    vectors = {"prompt": network.embed(prompt), "text": network.embed(text)}
    reading = network.acoustic.read(ids, network.voice(voice), vectors["prompt"], vectors["text"])
    mel = network.acoustic.draw(network.acoustic.spread(reading).unsqueeze(0), None)
    wave = network.vocoder(mel.transpose(1, 2), [mel.shape[1]])
    found = vectors | {"durations": reading.durations, "pitch": reading.pitch, "energy": reading.energy}
    return {name: tensor.numpy() for name, tensor in (found | {"mel": mel, "wave": wave}).items()}


def _theirs(checkout: Checkout, python: str, ids: list[int], speaker: int, prompt: str, text: str) -> Stages:
    order = {
        "ids": ids,
        "speaker": speaker,
        "prompt": prompt,
        "text": text,
        "generator": str(checkout.generator),
        "style_encoder": str(checkout.style_encoder),
    }
    with TemporaryDirectory() as folder:
        written, target = Path(folder) / "order.json", Path(folder) / "said.npz"
        written.write_text(json.dumps(order), encoding="utf-8")
        _run([python, str(CHILD), str(checkout.home), str(written), str(target)], checkout.home)
        with np.load(target, allow_pickle=False) as said:
            return {name: said[name] for name in STAGES}


def _run(command: list[str], home: Path) -> None:
    """Runs the checkout's own models.

    Raises:
        MissingError: that Python is not there.
        EngineError: they fail, or take ten minutes.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LIMIT_S, env=child_environment(), cwd=home
        )
    except OSError as error:
        raise MissingError(f"cannot run '{command[0]}': {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"the checkout's own models took over {LIMIT_S:.0f} s", str(home)) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise EngineError(f"the checkout's own models cannot be run: {last}", where=str(home))


def main(arguments: list[str]) -> int:
    """Says how alike the two are on a text, in the voice 8051, happily; 0 if they are."""
    text = " ".join(arguments) or "我来到北京"
    scratch = Path(os.environ.get("FULLCAST_CACHE", "~/.cache/fullcast")).expanduser() / "converted"
    try:
        found = compare(read_settings({"environment": HOME_VARIABLE}), scratch, text, "8051", "开心")
    except FullcastError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for stage, value in found.stages.items():
        sys.stdout.write(f"{stage:<10} {value:7.1f} dB\n")
    sys.stdout.write("alike\n" if found.alike else "not alike\n")
    return 0 if found.alike else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
