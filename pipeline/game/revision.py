"""A game's project as it was at a git revision, laid out in a folder of its own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from pipeline.errors import MissingError, UsageError

# Sound and pictures are no sources of lines; a game's repository is mostly those.
LEFT_OUT = ("wav", "ogg", "mp3", "flac", "opus", "png", "jpg", "jpeg", "webp", "psd", "uasset", "umap", "fbx")


def is_revision(root: Path, name: str) -> bool:
    """Whether git knows a commit of that name in the project's repository."""
    return _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") is not None


def check_out(root: Path, name: str, into: Path) -> Path:
    """Writes the repository at a revision to `into`, without sound and pictures; gives the project's folder.

    Raises:
        UsageError: there is no such revision, or the project was not there yet.
    """
    prefix = (_git(root, "rev-parse", "--show-prefix") or b"").decode().strip()
    top = _git(root, "rev-parse", "--show-toplevel")
    if top is None:
        raise UsageError(f"no git repository around {root.name}", hint="name a pack's folder instead")
    without = [f":(exclude,glob)**/*.{ending}" for ending in LEFT_OUT]
    data = _git(Path(top.decode().strip()), "archive", "--format=tar", name, "--", ".", *without)
    if data is None:
        raise UsageError(f"no revision '{name}'", hint="name a pack's folder, a commit, a branch or a tag")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(into, filter="data")
    folder = into / prefix
    if not folder.is_dir():
        raise UsageError(f"the project was not there at '{name}'")
    return folder


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git says; None if it fails.

    Raises:
        MissingError: there is no git.
    """
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except OSError as error:
        raise MissingError("no git here", hint="install git, or compare with a pack") from error
    return done.stdout if done.returncode == 0 else None
