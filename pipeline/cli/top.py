"""`fullcast top`: a run that goes on, seen by its event log."""

from __future__ import annotations

import time
from pathlib import Path

import click

from pipeline.cli.book import script_slug, store_option
from pipeline.errors import MissingError
from pipeline.takes.address import StoreAddress, local_folder

SUFFIX = ".events.jsonl"


@click.command("top")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@store_option
@click.option("--every", "every_s", type=click.FloatRange(min=0.1), default=1.0, show_default=True,
              help="Seconds between two looks.")  # fmt: skip
@click.option("--once", is_flag=True, help="Print how it stands now and end.")
def command(file: Path | None, store_path: StoreAddress, every_s: float, once: bool) -> None:
    """Watch the run of the script FILE (the latest run in the store if left out).

    Shows workers, the models they hold, speed and faults, wherever the store's folder can be read; workers
    tell of a batch when it is done. Ends with the run, or by Ctrl-C, which leaves the run alone.
    """
    from rich.console import Console
    from rich.live import Live

    from pipeline.reports.watch_table import watch_table

    root = local_folder(store_path)
    path = root / "runs" / f"{script_slug(file)}{SUFFIX}" if file is not None else _latest_log(root)
    follower = Follower(path)
    book = path.name.removesuffix(SUFFIX)
    console = Console()
    follower.look()
    if once or not console.is_terminal:
        console.print(watch_table(follower.watch, book, time.time()))
        return
    with Live(watch_table(follower.watch, book, time.time()), console=console, auto_refresh=False) as live:
        while not follower.watch.ended:
            time.sleep(every_s)
            follower.look()
            live.update(watch_table(follower.watch, book, time.time()), refresh=True)


class Follower:
    """Reads a log as it grows; begins anew when the next run has set it aside."""

    def __init__(self, path: Path) -> None:
        from pipeline.render.watch import Watch

        self.watch = Watch()
        self._path = path
        self._offset = 0
        self._file: int | None = None

    def look(self) -> None:
        """Takes in what was written since the last look.

        Raises:
            MissingError: there is no log, and there never was.
            StoreError: it cannot be read.
        """
        from pipeline.render.event_log import read_on
        from pipeline.render.watch import Watch

        try:
            now = self._path.stat()
        except FileNotFoundError:
            if self._file is None:
                read_on(self._path, 0)
            return  # between two runs
        if self._file is not None and (now.st_ino != self._file or now.st_size < self._offset):
            self.watch, self._offset = Watch(), 0
        self._file = now.st_ino
        records, self._offset = read_on(self._path, self._offset)
        for record in records:
            self.watch.add(record)


def _latest_log(root: Path) -> Path:
    logs = [path for path in (root / "runs").glob(f"*{SUFFIX}") if path.is_file()]
    if not logs:
        raise MissingError("no run was logged", where=str(root), hint="start `fullcast render` first")
    return max(logs, key=lambda path: (path.stat().st_mtime_ns, path.name))
