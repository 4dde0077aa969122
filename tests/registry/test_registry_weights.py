import logging
import multiprocessing
import os
from pathlib import Path

import pytest
from registry_parts import catalogue_of, model_of, voice_of, weight_file, write_wheel

from pipeline.engines.catalogue import Form, LocalSource, PypiSource, load_catalogue
from pipeline.errors import MissingError, StoreError, UsageError
from pipeline.hashing import digest_file
from pipeline.registry.places import default_cache
from pipeline.registry.weights import WeightStore

DATA = bytes(range(256)) * 40
OTHER = b"other" * 100


class Heard:
    """A progress that writes down what it hears."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []

    def start(self, name: str, total_bytes: int) -> None:
        self.events.append((name, total_bytes))

    def advance(self, n: int) -> None:
        self.events.append(("advance", n))

    def done(self) -> None:
        self.events.append(("done", 0))

    def failed(self) -> None:
        self.events.append(("failed", 0))


def local(path: Path, data: bytes | None = None) -> LocalSource:
    if data is not None:
        path.write_bytes(data)
    return LocalSource(str(path))


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> WeightStore:
    model = model_of(weight_file("weights.bin", DATA))
    return WeightStore(tmp_path / "cache", catalogue_of(model))


def test_a_local_file_is_copied_into_the_cache_under_its_hash(store: WeightStore, tmp_path: Path) -> None:
    file = weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA))
    resolved = store.ensure(model_of(file))
    path = resolved.files["weights.bin"]
    assert path == tmp_path / "cache" / "weights" / file.sha256[:2] / f"{file.sha256}-weights.bin"
    assert (path.read_bytes(), resolved.form) == (DATA, "whole")
    assert (tmp_path / "here.bin").exists()


def test_a_model_without_weights_is_always_here(store: WeightStore) -> None:
    resolved = store.ensure(load_catalogue().model("tone@1"))
    assert (resolved.form, dict(resolved.files)) == ("built-in", {})
    assert not store.cache.exists()


def test_what_is_here_needs_no_source(store: WeightStore, tmp_path: Path) -> None:
    file = weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA))
    first = store.ensure(model_of(file))
    (tmp_path / "here.bin").unlink()
    assert store.present(model_of(file)) == first
    assert WeightStore(store.cache).ensure(model_of(file)) == first


def test_nothing_here_is_none_and_not_an_error(store: WeightStore) -> None:
    assert store.present(model_of(weight_file("weights.bin", DATA))) is None


def test_wrong_bytes_are_refused_and_the_next_source_is_asked(store: WeightStore, tmp_path: Path) -> None:
    sources = (
        local(tmp_path / "gone.bin"),
        local(tmp_path / "bad.bin", OTHER),
        local(tmp_path / "good.bin", DATA),
    )
    resolved = store.ensure(model_of(weight_file("weights.bin", DATA, *sources)))
    assert resolved.files["weights.bin"].read_bytes() == DATA


def test_no_source_left_is_one_row_with_all_that_was_tried_and_what_to_do(
    store: WeightStore, tmp_path: Path
) -> None:
    file = weight_file("weights.bin", DATA, local(tmp_path / "gone.bin"), local(tmp_path / "bad.bin", OTHER))
    with pytest.raises(MissingError) as caught:
        store.ensure(model_of(file))
    said = str(caught.value)
    assert "\n" not in said
    for part in (
        "choir@1",
        f"{tmp_path}/gone.bin: No such file",
        weight_file("x", OTHER).sha256,
        file.sha256,
        "fullcast models fetch --from FILE",
        str(store.path_of(file)),
    ):
        assert part in said
    assert [path.name for path in (store.cache / "weights").rglob("*") if path.is_file()] == []


def test_the_first_form_wholly_here_wins_over_fetching_a_preferred_one(
    store: WeightStore, tmp_path: Path
) -> None:
    small = weight_file("small.bin", OTHER, local(tmp_path / "small.bin", OTHER))
    large = weight_file("large.bin", DATA, local(tmp_path / "large.bin", DATA))
    store.ensure(model_of(small))
    resolved = store.ensure(model_of(large, more=(Form("small", (small,)),)))
    assert (resolved.form, list(resolved.files)) == ("small", ["small.bin"])


def test_the_next_form_is_fetched_when_one_cannot_be_had(store: WeightStore, tmp_path: Path) -> None:
    here = weight_file("a.bin", DATA, local(tmp_path / "a.bin", DATA))
    gone = weight_file("b.bin", b"gone", local(tmp_path / "b.bin"))
    small = weight_file("small.bin", OTHER, local(tmp_path / "small.bin", OTHER))
    resolved = store.ensure(model_of(here, gone, more=(Form("small", (small,)),)))
    assert resolved.form == "small"


def test_the_digest_of_a_model_is_of_its_contents(store: WeightStore, tmp_path: Path) -> None:
    one = store.ensure(model_of(weight_file("a.bin", DATA, local(tmp_path / "a.bin", DATA))))
    moved = WeightStore(tmp_path / "elsewhere").ensure(
        model_of(weight_file("a.bin", DATA, local(tmp_path / "b.bin", DATA)))
    )
    other = store.ensure(model_of(weight_file("a.bin", OTHER, local(tmp_path / "c.bin", OTHER))))
    assert one.sha256 == moved.sha256 != other.sha256


def test_a_flipped_byte_is_found_set_aside_and_fetched_again(
    store: WeightStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = model_of(weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA)))
    path = store.ensure(model).files["weights.bin"]
    path.write_bytes(b"\x01" + DATA[1:])
    with caplog.at_level(logging.WARNING):
        assert store.ensure(model).files["weights.bin"].read_bytes() == DATA
    assert "is damaged" in caplog.text
    assert path.with_name(path.name + ".damaged").read_bytes()[0] == 1


def test_damaged_weights_that_no_source_has_say_where_they_were_put(
    store: WeightStore, tmp_path: Path
) -> None:
    model = model_of(weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA)))
    path = store.ensure(model).files["weights.bin"]
    path.write_bytes(b"\x01" + DATA[1:])
    (tmp_path / "here.bin").unlink()
    for look in (store, WeightStore(store.cache)):  # in the run that found it, and in the next one
        with pytest.raises(MissingError) as caught:
            look.ensure(model)
        assert f"damaged, set aside as {path}.damaged" in str(caught.value)
        assert "not on this machine" not in str(caught.value)


def test_a_file_cut_short_is_damaged_too(store: WeightStore, tmp_path: Path) -> None:
    model = model_of(weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA)))
    path = store.ensure(model).files["weights.bin"]
    path.write_bytes(DATA[:-1])
    assert store.present(model) is None


def test_a_file_that_was_hashed_is_not_read_again_until_it_changes(
    store: WeightStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA)))
    path = store.ensure(model).files["weights.bin"]
    hashed: list[Path] = []

    def noted_digest(path: Path) -> str:
        hashed.append(path)
        return digest_file(path)

    monkeypatch.setattr("pipeline.registry.weights.digest_file", noted_digest)
    again = WeightStore(store.cache)
    assert again.present(model) is not None
    assert hashed == []
    os.utime(path, ns=(1, 1))
    assert again.present(model) is not None
    assert again.present(model) is not None
    assert hashed == [path]


def test_a_lost_list_of_verified_files_costs_a_hash_and_nothing_else(
    store: WeightStore, tmp_path: Path
) -> None:
    model = model_of(weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA)))
    resolved = store.ensure(model)
    (store.cache / "weights" / "verified.json").write_text("{")
    assert store.present(model) == resolved


def test_a_file_put_at_the_path_that_the_error_names_is_found(store: WeightStore) -> None:
    file = weight_file("weights.bin", DATA)
    path = store.path_of(file)
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA)
    assert store.ensure(model_of(file)).files["weights.bin"] == path


def test_a_file_brought_by_hand_is_known_by_its_contents(store: WeightStore, tmp_path: Path) -> None:
    (tmp_path / "any name at all").write_bytes(DATA)
    file = store.add_file(tmp_path / "any name at all")
    assert (file.name, store.find(file)) == ("weights.bin", store.path_of(file))


def test_a_file_that_nothing_needs_is_refused_with_its_hash(store: WeightStore, tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(OTHER)
    with pytest.raises(UsageError, match=weight_file("x", OTHER).sha256):
        store.add_file(tmp_path / "cat.jpg")
    with pytest.raises(UsageError, match="cannot be read"):
        store.add_file(tmp_path / "nothing")


def test_sources_can_be_overridden_by_hash(tmp_path: Path) -> None:
    file = weight_file("weights.bin", DATA, local(tmp_path / "gone.bin"))
    override = {file.sha256: (local(tmp_path / "mirror.bin", DATA),)}
    store = WeightStore(tmp_path / "cache", sources_override=override)
    assert store.ensure(model_of(file)).files["weights.bin"].read_bytes() == DATA


def test_progress_hears_the_size_first_and_then_every_byte(store: WeightStore, tmp_path: Path) -> None:
    heard = Heard()
    store.ensure(model_of(weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA))), heard)
    assert heard.events[0] == ("weights.bin", len(DATA))
    assert heard.events[-1] == ("done", 0)
    assert sum(n for name, n in heard.events if name == "advance") == len(DATA)


def test_voices_without_a_state_need_nothing(store: WeightStore, tmp_path: Path) -> None:
    file = weight_file("alto.bin", OTHER, local(tmp_path / "alto.bin", OTHER))
    paths = store.ensure_voices([voice_of("alto", file), voice_of("plain", None)])
    assert paths == {"choir/alto": store.path_of(file)}
    assert store.ensure_voice(voice_of("plain", None)) is None


def test_a_voice_that_cannot_be_had_is_named(store: WeightStore, tmp_path: Path) -> None:
    file = weight_file("alto.bin", OTHER, local(tmp_path / "gone.bin"))
    with pytest.raises(MissingError, match="choir/alto"):
        store.ensure_voice(voice_of("alto", file))


def test_a_cache_that_cannot_be_written_is_an_error_of_the_disk(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder must be")
    file = weight_file("weights.bin", DATA, local(tmp_path / "here.bin", DATA))
    with pytest.raises(StoreError, match="cannot write"):
        WeightStore(tmp_path / "cache").ensure(model_of(file))


def test_the_cache_is_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("FULLCAST_CACHE", raising=False)
    assert default_cache() == tmp_path / "xdg" / "fullcast"
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path / "own"))
    assert WeightStore().cache == default_cache() == tmp_path / "own"
    monkeypatch.delenv("FULLCAST_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache().name == "fullcast"


def test_a_joined_file_comes_from_several_packages(store: WeightStore, wheels: Path) -> None:
    write_wheel(wheels, "choir-a", {"choir_a/part.bin": DATA[:5000]})
    write_wheel(wheels, "choir-b", {"choir_b/part.bin": DATA[5000:]})
    source = PypiSource(("choir-a==1.0", "choir-b==1.0"), ("choir_a/part.bin", "choir_b/part.bin"))
    resolved = store.ensure(model_of(weight_file("weights.bin", DATA, source)))
    assert resolved.files["weights.bin"].read_bytes() == DATA
    assert list((store.cache / "downloads").rglob("*.whl")) == []


def test_a_part_that_came_is_not_fetched_again_when_a_later_part_failed(
    store: WeightStore, wheels: Path
) -> None:
    first = write_wheel(wheels, "choir-a", {"choir_a/part.bin": DATA[:5000]})
    source = PypiSource(("choir-a==1.0", "choir-b==1.0"), ("choir_a/part.bin", "choir_b/part.bin"))
    model = model_of(weight_file("weights.bin", DATA, source))
    with pytest.raises(MissingError, match=r"choir-b==1\.0"):
        store.ensure(model)
    first.unlink()
    write_wheel(wheels, "choir-b", {"choir_b/part.bin": DATA[5000:]})
    assert store.ensure(model).files["weights.bin"].read_bytes() == DATA


@pytest.mark.parametrize(
    ("members", "said"),
    [({"choir_a/other.bin": DATA}, "no 'choir_a/part.bin'"), ({"choir_a/part.bin": OTHER}, "SHA-256 is")],
)
def test_a_package_with_something_else_in_it_is_refused(
    store: WeightStore, wheels: Path, members: dict[str, bytes], said: str
) -> None:
    write_wheel(wheels, "choir-a", members)
    source = PypiSource(("choir-a==1.0",), ("choir_a/part.bin",))
    with pytest.raises(MissingError, match=said):
        store.ensure(model_of(weight_file("weights.bin", DATA, source)))


def test_all_that_the_catalogue_knows_of_a_package_comes_in_one_download(
    tmp_path: Path, wheels: Path
) -> None:
    wheel = write_wheel(wheels, "choir-a", {"choir_a/alto.bin": DATA, "choir_a/bass.bin": OTHER})
    files = [
        weight_file(name, data, PypiSource(("choir-a==1.0",), (f"choir_a/{name}",)))
        for name, data in (("alto.bin", DATA), ("bass.bin", OTHER))
    ]
    voices = [voice_of(file.name, file) for file in files]
    store = WeightStore(tmp_path / "cache", catalogue_of(model_of(weight_file("w", b"w")), *voices))
    store.ensure_voice(voices[0])
    wheel.unlink()
    assert store.ensure_voice(voices[1]) == store.path_of(files[1])


def _ensure(cache: Path, source: Path, gate: "multiprocessing.synchronize.Barrier") -> None:
    gate.wait(30)
    WeightStore(cache).ensure(model_of(weight_file("weights.bin", DATA, LocalSource(str(source)))))


def test_two_processes_that_want_the_same_file_copy_it_once(tmp_path: Path) -> None:
    """The source is a pipe that gives its bytes to one reader only; a second fetch would hang or fail."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(2)
    workers = [spawn.Process(target=_ensure, args=(tmp_path / "cache", pipe, gate)) for _ in range(2)]
    for worker in workers:
        worker.start()
    with pipe.open("wb") as writer:
        writer.write(DATA)
    for worker in workers:
        worker.join(30)
    codes = [worker.exitcode for worker in workers]
    for worker in workers:
        worker.kill()
    assert codes == [0, 0]
