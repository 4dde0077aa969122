"""Line jobs on a disk until a worker takes them: thirty books' texts need not be in memory all night.

The file is pickle frames, one a job, written and read by runs of this program on this machine only.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.files import store_error
from pipeline.render.job import LineJob


def spool_jobs(path: Path, jobs: Iterable[LineJob]) -> dict[str, int]:
    """Appends jobs to the file; returns where each begins, in bytes, by its key.

    Raises:
        StoreError: the file cannot be written.
    """
    places = {}
    try:
        with path.open("ab") as file:
            for job in jobs:
                places[job.key] = file.tell()
                pickle.dump(job, file, protocol=pickle.HIGHEST_PROTOCOL)
    except OSError as error:
        raise store_error(error, path) from error
    return places


class JobSpool(Mapping[str, LineJob]):
    """The jobs of a spool file, by key; each is read when it is asked for.

    Owns the open file and the places of the jobs in it. `close` it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self._file = path.open("rb")
        self._places: dict[str, int] = {}

    def add(self, places: Mapping[str, int]) -> None:
        """Jobs that were appended to the file meanwhile, by where they begin."""
        self._places.update(places)

    def __getitem__(self, key: str) -> LineJob:
        place = self._places[key]
        try:
            self._file.seek(place)
            job = pickle.load(self._file)
        except (OSError, pickle.UnpicklingError, EOFError) as error:
            raise StoreError(f"cannot read what is to be rendered: {error}", where=str(self._path)) from error
        if not isinstance(job, LineJob) or job.key != key:
            raise StoreError("what is to be rendered was changed", where=str(self._path))
        return job

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
