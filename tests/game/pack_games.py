"""Games that are rendered in tests: the samples of manifests/game, small tables, and what a run says."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from game_files import write_game

from pipeline.cli.main import run

SAMPLES = Path(__file__).parents[2] / "manifests" / "game"
TONES = (
    'engine = "plain"\nname = "tones"\nvoices = { Ann = "tone/high", Tom = "tone/low", "*" = "tone/mid" }\n'
)
TABLE = "[[tables]]\npath = 'lines.csv'\n"


@dataclass
class Game:
    """A game in a folder of its own, with pack and store beside it."""

    folder: Path

    @property
    def pack(self) -> Path:
        """Where its pack is."""
        return self.folder / "out-pack"

    @property
    def store(self) -> Path:
        """Where its takes are."""
        return self.folder / "out-store"

    def run(self, verb: str, *options: str) -> int:
        """The exit code of a verb."""
        places = ["-o", str(self.pack), "--store", str(self.store)]
        return run(["game", verb, str(self.folder), *places, *options])

    def render(self, *options: str) -> int:
        """Renders in this process."""
        return self.run("render", "--local", *options)

    def report(self, verb: str, *options: str) -> dict[str, Any]:
        """The JSON report of a verb."""
        path = self.folder / "report.json"
        path.unlink(missing_ok=True)
        self.run(verb, "--json", str(path), *options)
        value: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return value

    def index(self, locale: str = "en") -> list[dict[str, Any]]:
        """The rows of a locale's index."""
        return json.loads((self.pack / locale / "index.json").read_text("utf-8"))["lines"]

    def row(self, stem: str, locale: str = "en") -> dict[str, Any]:
        """One row of it."""
        return next(row for row in self.index(locale) if row["stem"] == stem)

    def samples(self, path: str) -> np.ndarray:
        """The samples of one sound of the pack, 48 kHz mono."""
        data, rate = soundfile.read(self.pack / path, dtype="float32")
        assert rate == 48_000 and data.ndim == 1
        return data

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Time of writing and bytes of every file of the pack."""
        return {
            path.relative_to(self.pack).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(self.pack.rglob("*"))
            if path.is_file()
        }

    def contents(self) -> dict[str, bytes]:
        """The bytes of every file of the pack."""
        return {name: data for name, (_, data) in self.files().items()}

    def edit(self, file: str, before: str, after: str) -> None:
        """Replaces a text that stands once in one of its files."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert text.count(before) == 1, (file, before)
        path.write_text(text.replace(before, after), "utf-8")


def sample(engine: str, tmp_path: Path) -> Game:
    """A copy of a sample game."""
    folder = tmp_path / engine
    shutil.copytree(SAMPLES / engine, folder)
    return Game(folder)


def table(tmp_path: Path, rows: str, more: str = "", head: str = TONES) -> Game:
    """A game of one table of English lines; `rows` has its header."""
    write_game(tmp_path / "game", f"{head}{more}\n{TABLE}", lines_csv=rows)
    return Game(tmp_path / "game")
