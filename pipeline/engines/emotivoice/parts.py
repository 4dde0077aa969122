"""The parts of a checkout's model as a registry entry names them.

Two checkpoints that were trained from one have a vocoder or a style encoder in common; entries that name it
have it in memory once. `python -m pipeline.engines.emotivoice.parts FOLDER` prints the rows.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from pipeline.engines.base import MadePart
from pipeline.engines.emotivoice.checkout import Checkout
from pipeline.engines.emotivoice.loading import load_network
from pipeline.engines.emotivoice.settings import HOME_VARIABLE, read_settings
from pipeline.errors import FullcastError


class _Notes:
    """Notes each part that is made, and shares none."""

    def __init__(self) -> None:
        self.made: dict[str, MadePart] = {}

    def __contains__(self, name: object) -> bool:
        return False

    def share(self, name: str, make: Callable[[], MadePart]) -> Any:
        self.made[name] = make()
        return self.made[name].value


def part_rows(checkout: Checkout, scratch: Path) -> list[str]:
    """The rows of YAML that name the parts of a checkout's model.

    Raises:
        MissingError, EngineError: files are missing or damaged.
    """
    checkout.demand()
    notes = _Notes()
    load_network(checkout, scratch, torch.device("cpu"), notes)
    return [
        f"- {{name: {name}, sha256: {part.sha256}, bytes: {part.bytes}}}" for name, part in notes.made.items()
    ]


def main(arguments: list[str]) -> int:
    """Prints the parts of the checkout in the folder that is named, or that the environment names."""
    given = {"home": arguments[0]} if arguments else {"environment": HOME_VARIABLE}
    try:
        with tempfile.TemporaryDirectory() as scratch:
            rows = part_rows(Checkout.of(read_settings(given)), Path(scratch))
    except FullcastError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write("parts:\n" + "".join(f"  {row}\n" for row in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
