"""Every file of a model or voice hashed now, whatever was known of it, for `fullcast models verify`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.engines.converted import FOLDER, check_converted
from pipeline.engines.entries import ModelEntry, VoiceEntry, WeightFile
from pipeline.files import store_error
from pipeline.hashing import digest_file
from pipeline.registry.sources import describe_all
from pipeline.registry.weights import WeightStore


@dataclass(frozen=True)
class FileRow:
    """What became of one file. `found` is the SHA-256 of what lies there, None where nothing does."""

    owner: str
    name: str
    state: Literal["right", "damaged", "not here"]
    wanted: str
    found: str | None
    path: str
    sources: str

    def describe(self) -> str:
        """One line; of a damaged file both hashes and where it came from."""
        if self.state != "damaged":
            return f"{self.owner}: {self.name}: {self.state}, SHA-256 {self.wanted}"
        return (
            f"{self.owner}: {self.name}: damaged: SHA-256 is {self.found}, must be {self.wanted}"
            f" ({self.sources}); set aside as {self.path}.damaged"
        )


def verify_files(
    models: Iterable[ModelEntry], voices: Iterable[VoiceEntry], store: WeightStore
) -> Iterator[FileRow]:
    """A row for each file of the models' forms and the voices' states; what is damaged is set aside.

    Raises:
        StoreError: a damaged file cannot be moved.
    """
    for model in models:
        for file in dict.fromkeys(file for form in model.forms for file in form.files):
            yield _row(model.id, file, store)
    for voice in voices:
        if voice.file is not None:
            yield _row(voice.id, voice.file, store)


def verify_converted(store: WeightStore) -> Iterator[FileRow]:
    """A row for each converted file in the cache; a damaged one is set aside and made anew when it is needed.

    Raises:
        StoreError: a damaged file cannot be moved.
    """
    for file in check_converted(store.cache / FOLDER):
        right = file.found == file.wanted
        if not right:
            try:
                file.path.replace(f"{file.path}.damaged")
            except OSError as error:
                raise store_error(error, file.path) from error
        yield FileRow(
            owner=FOLDER,
            name=file.path.name,
            state="right" if right else "damaged",
            wanted=file.wanted,
            found=file.found,
            path=str(file.path),
            sources="made here; made anew before its next use",
        )


def _row(owner: str, file: WeightFile, store: WeightStore) -> FileRow:
    path = store.path_of(file)
    try:
        found = digest_file(path)
    except OSError:
        found = None
    right = found is not None and store.find(file, afresh=found != file.sha256) is not None
    state: Literal["right", "damaged", "not here"] = (
        "not here" if found is None else "right" if right else "damaged"
    )
    return FileRow(owner, file.name, state, file.sha256, found, str(path), describe_all(file.sources))
