"""Getting the bytes of a file from one source. Nothing here is trusted: the store checks every hash."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.engines.catalogue import HubSource, LocalSource, NpmSource, PypiSource, Source
from pipeline.files import make_folder

BLOCK_BYTES = 1 << 20
# The hub's client retries an unreachable host for 24 s (measured); this one question comes before it.
HUB_PROBE_S = 4.0
# A package index that is down is tried once more, not five times as pip would.
PIP_RETRIES = 1
# Only data is read from the wheel, so what it needs and which Python it was made for does not matter.
_PIP_DOWNLOAD = (
    *("download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"),
    *("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--retries", str(PIP_RETRIES)),
)

Blocks = Iterator[bytes]


class SourceError(Exception):
    """One source does not have the file; says why, and the next source is tried."""


class HubUnreachableError(SourceError):
    """The hub as a whole does not answer; asking it for the next file would be in vain."""


def describe(source: Source) -> str:
    """The source in a few words, for the list of what was tried."""
    match source:
        case HubSource():
            return f"hub {source.repository}"
        case PypiSource():
            return f"pypi {' '.join(source.packages)}"
        case NpmSource():
            return f"npm {source.package}"
        case LocalSource():
            return f"file {source.path}"


def describe_all(sources: Sequence[Source]) -> str:
    """Where a file may have come from, in a few words."""
    return "from " + " or ".join(describe(source) for source in sources) if sources else "brought by hand"


def member_in_same_package(source: Source, other: Source) -> str | None:
    """The member of `other` if one download of `source` has it too."""
    if isinstance(source, NpmSource) and isinstance(other, NpmSource) and source.package == other.package:
        return other.path
    if isinstance(source, PypiSource) and isinstance(other, PypiSource):
        one_wheel = len(other.packages) == 1 and source.packages == other.packages
        return other.paths[0] if one_wheel else None
    return None


def write_blocks(path: Path, blocks: Blocks, advance: Callable[[int], None]) -> str:
    """Writes the blocks to a file, telling each one's size; gives the SHA-256 of all."""
    sha = hashlib.sha256()
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
            sha.update(block)
            advance(len(block))
    return sha.hexdigest()


def read_file(path: Path) -> Blocks:
    """A file's bytes in blocks.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        raise SourceError(error.strerror or str(error)) from error


@contextmanager
def from_hub(source: HubSource, folder: Path) -> Iterator[Blocks]:
    """The bytes of a file of the model hub; HF_HUB_OFFLINE, HF_ENDPOINT and HF_TOKEN are respected.

    A file in the hub client's own cache is taken from there. What is downloaded goes to `folder`, where an
    interrupted download resumes, and is removed once it was used.

    Raises:
        HubUnreachableError: no answer.
        SourceError: no such repository, file or revision, or no permission.
    """
    import huggingface_hub as hub

    with _quiet_hub():
        cached = hub.try_to_load_from_cache(source.repository, source.path, revision=source.revision)
        if isinstance(cached, str):
            yield read_file(Path(cached))
            return
        where = make_folder(folder / "hub" / source.repository.replace("/", "--"))
        path = _download_from_hub(source, where)
    try:
        yield read_file(path)
    finally:
        shutil.rmtree(where, ignore_errors=True)


def _download_from_hub(source: HubSource, folder: Path) -> Path:
    import huggingface_hub as hub
    from huggingface_hub import errors

    refused = (errors.EntryNotFoundError, errors.RepositoryNotFoundError, errors.RevisionNotFoundError)
    url = hub.hf_hub_url(source.repository, source.path, revision=source.revision)
    try:
        hub.get_hf_file_metadata(url, timeout=HUB_PROBE_S)
        path = hub.hf_hub_download(
            source.repository,
            source.path,
            revision=source.revision,
            local_dir=folder,
            etag_timeout=HUB_PROBE_S,
        )
    except refused as error:
        raise SourceError(_first_row(error)) from error
    # The client's HTTP library is its own affair and has changed between versions, so all else that it
    # raises is caught by the base class here, at the border.
    except Exception as error:
        raise HubUnreachableError(_first_row(error)) from error
    return Path(path)


@contextmanager
def _quiet_hub() -> Iterator[None]:
    """No bars and no retry warnings of the client while we ask."""
    log = logging.getLogger("huggingface_hub")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def wheel_of(package: str, folder: Path) -> Path:
    """The wheel of `name==version` in `folder`, downloaded by pip with the user's own settings if need be.

    Raises:
        SourceError: no pip, no such package, or no network.
    """
    folder = make_folder(folder / "pypi" / package.replace("==", "-"))
    for wheel in sorted(folder.glob("*.whl")):
        if zipfile.is_zipfile(wheel):
            return wheel
        wheel.unlink()
    if importlib.util.find_spec("pip") is None:
        raise SourceError("no pip in this Python")
    _run([sys.executable, "-m", "pip", *_PIP_DOWNLOAD, "--dest", str(folder), package])
    wheels = sorted(folder.glob("*.whl"))
    if not wheels:
        raise SourceError("pip brought no wheel")
    return wheels[0]


def read_wheel(wheel: Path, member: str) -> Blocks:
    """The bytes of one member of a wheel, by its exact name.

    Raises:
        SourceError: no such member, or the wheel is damaged (it is removed, to be fetched again).
    """
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except KeyError as error:
        raise SourceError(f"no '{member}' in {wheel.name}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        wheel.unlink(missing_ok=True)
        raise SourceError(f"{wheel.name} is damaged: {error}") from error
    except OSError as error:
        raise SourceError(f"{wheel.name}: {error.strerror}") from error


@contextmanager
def npm_archive(package: str, folder: Path) -> Iterator[Path]:
    """The .tgz of an npm package, removed afterwards; `package` is `name@version` or what npm takes for one.

    Raises:
        SourceError: no npm program, no such package, or no network.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("no npm program")
    with tempfile.TemporaryDirectory(prefix="npm-", dir=make_folder(folder)) as name:
        _run([npm, "pack", package, "--pack-destination", name, "--silent", "--ignore-scripts"])
        archives = sorted(Path(name).glob("*.tgz"))
        if not archives:
            raise SourceError("npm brought no archive")
        yield archives[0]


def read_members(archive: Path, wanted: set[str]) -> Iterator[tuple[str, Blocks]]:
    """The wanted members of a .tgz that are plain files, by exact name, each with its bytes.

    The bytes of a member must be read before the next member is asked for; the archive is read once.

    Raises:
        SourceError: the archive is damaged.
    """
    with _damage(archive), tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isfile() and member.name in wanted else None
            if file is not None:
                yield member.name, _member_blocks(archive, file)


def _member_blocks(archive: Path, file: IO[bytes]) -> Blocks:
    with _damage(archive):
        while block := file.read(BLOCK_BYTES):
            yield block


@contextmanager
def _damage(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise SourceError(f"{archive.name} is damaged: {error}") from error


def _run(command: list[str]) -> None:
    """Runs a program; its last row of complaint becomes the reason."""
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise SourceError(f"{command[0]}: {error.strerror}") from error
    if result.returncode != 0:
        rows = [row.strip() for row in (result.stderr + result.stdout).splitlines() if row.strip()]
        errors = [row for row in rows if "error" in row.lower()]
        raise SourceError((errors or rows or [f"exit status {result.returncode}"])[-1][:200])


def _first_row(error: BaseException) -> str:
    rows = str(error).strip().splitlines()
    return (rows[0] if rows else type(error).__name__)[:200]
