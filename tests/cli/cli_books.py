"""Small books for the tone engine, and a way to run the command line in this process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.cli.main import run

BOOK = """---
fullcast: 1
book: {title: Three Tones, author: A. Tester, language: en-us}
cast:
  narrator: tone/low
  Ann: {voice: tone/high, emotion: happy}
  Bob: {voice: tone/mid, rate: 0.9}
---
# One

It was a quiet morning in the little harbor town.

Ann (sad, 0.7): The boat has left without us, I am afraid.

Bob: Then we will have to walk along the coast.

***

They walked for a long while and did not speak at all.

# Two

“Look over there,”{Ann} she said, “the boat is coming back.”{Ann}

Bob: So it is. I can see the captain waving to us.
"""


@dataclass
class Desk:
    """A folder with a script in it, and the command line."""

    folder: Path
    script: Path

    def run(self, *args: str) -> int:
        """The exit code of a command whose store and output lie in the folder."""
        return run([str(arg) for arg in args])

    def render(self, *args: str) -> int:
        """Renders the script in this process."""
        return self.run(
            "render", str(self.script), "--local", "--store", str(self.folder / "store"),
            "-o", str(self.folder / "out"), *args,
        )  # fmt: skip

    def store(self, *args: str) -> int:
        """A command on the script with the store's folder."""
        return self.run(*args, "--store", str(self.folder / "store"))

    @property
    def output(self) -> Path:
        """The published book's folder."""
        return self.folder / "out" / self.script.stem

    def report(self) -> dict:
        """What the render report says."""
        return json.loads((self.output / "report.json").read_text())

    def plan(self, capsys) -> dict:
        """The plan as JSON."""
        capsys.readouterr()
        assert self.store("plan", str(self.script), "--json") == 0
        return json.loads(capsys.readouterr().out)

    def edit(self, old: str, new: str) -> None:
        """Changes the script."""
        text = self.script.read_text()
        assert old in text
        self.script.write_text(text.replace(old, new))
