import io
from pathlib import Path

import pytest
from registry_parts import catalogue_of, model_of, voice_of, weight_file

from pipeline.engines.catalogue import LocalSource, load_catalogue
from pipeline.errors import UsageError
from pipeline.registry.models import list_models
from pipeline.registry.progress import BarProgress, PlainProgress, progress_for
from pipeline.registry.voices import list_voices
from pipeline.registry.weights import WeightStore

CATALOGUE = catalogue_of(
    model_of(weight_file("weights.bin", b"weights")),
    voice_of("alto", None, "en-us", "female"),
    voice_of("bass", None, "en-gb", "male"),
    voice_of("soprano", None, "fr-fr", "female"),
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["alto", "bass", "soprano"]),
        ({"language": "en"}, ["alto", "bass"]),
        ({"language": "en_GB"}, ["bass"]),
        ({"language": "e"}, []),
        ({"gender": "Female"}, ["alto", "soprano"]),
        ({"search": "CLEAR fr"}, ["soprano"]),
        ({"search": "clear", "language": "en", "gender": "male"}, ["bass"]),
        ({"engine": "choir", "search": "nothing"}, []),
    ],
)
def test_voices_are_found_by_all_that_is_asked(asked: dict[str, str], found: list[str]) -> None:
    assert [row.id.partition("/")[2] for row in list_voices(CATALOGUE, **asked)] == found


def test_a_voice_is_listed_with_the_licence_of_its_weights() -> None:
    assert {row.licence for row in list_voices(CATALOGUE)} == {"CC-BY-4.0"}


def test_a_hidden_engine_is_listed_only_when_it_is_asked_for(tmp_path: Path) -> None:
    catalogue, store = load_catalogue(), WeightStore(tmp_path)
    assert "tone" not in {row.engine for row in list_voices(catalogue)}
    assert "tone" not in {row.engine for row in list_models(catalogue, store)}
    assert [row.id for row in list_voices(catalogue, engine="tone", gender="male")] == ["tone/low"]
    assert [row.id for row in list_models(catalogue, store, engine="tone")] == ["tone@1", "tone@2"]


def test_an_unknown_engine_is_an_error() -> None:
    with pytest.raises(UsageError, match="did you mean 'choir'"):
        list_voices(CATALOGUE, engine="quoir")


def test_a_model_is_listed_with_its_size_and_whether_it_is_here(tmp_path: Path) -> None:
    (tmp_path / "here.bin").write_bytes(b"weights")
    model = model_of(weight_file("weights.bin", b"weights", LocalSource(str(tmp_path / "here.bin"))))
    catalogue, store = catalogue_of(model), WeightStore(tmp_path / "cache")
    (before,) = list_models(catalogue, store)
    store.ensure(model)
    (after,) = list_models(catalogue, store)
    assert (before.present, after.present) == (False, True)
    assert (after.bytes, after.form, after.licence) == (7, "whole", "CC-BY-4.0")
    assert list_models(catalogue, store, language="en") == [after]
    assert list_models(catalogue, store, language="fr") == []


def test_models_for_any_language_fit_every_language(tmp_path: Path) -> None:
    rows = list_models(load_catalogue(), WeightStore(tmp_path), engine="espeak", language="is")
    assert [(row.id, row.present, row.bytes, row.form) for row in rows] == [
        ("espeak@1.52", True, 0, "built-in")
    ]


def test_on_a_pipe_progress_is_plain_rows() -> None:
    stream = io.StringIO()
    progress = progress_for(stream)
    assert isinstance(progress, PlainProgress)
    progress.start("weights.bin", 2_000_000)
    for _ in range(1000):
        progress.advance(2_000)
    progress.done()
    assert stream.getvalue() == "weights.bin: 2.0 MB\nweights.bin: done\n"


def test_a_download_that_stops_is_not_called_done() -> None:
    stream = io.StringIO()
    progress = PlainProgress(stream)
    progress.start("weights.bin", 2_000_000)
    progress.advance(500_000)
    progress.failed()
    assert stream.getvalue().splitlines()[-1] == "weights.bin: stopped at 0.5 MB"


def test_on_a_terminal_progress_is_a_bar_with_the_name() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    progress = progress_for(stream)
    assert isinstance(progress, BarProgress)
    progress.start("weights.bin", 100)
    progress.advance(100)
    progress.done()
    progress.done()
    assert "weights.bin" in stream.getvalue()
