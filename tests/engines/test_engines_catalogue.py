import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.catalogue import (
    Catalogue,
    HubSource,
    LocalSource,
    NpmSource,
    PypiSource,
    create_engine,
    load_catalogue,
    read_catalogue,
)
from pipeline.errors import MissingError, UsageError

VOICES = ["low", "mid", "high"]
shares = st.dictionaries(st.sampled_from(VOICES), st.integers(1, 1000), min_size=1)

ENGINE = """
engine: choir
summary: sings
licence: {code: MIT, weights: CC-BY-4.0}
module: choir_engine_for_this_test
packages: {choir_engine_for_this_test: "choir==2.0"}
capabilities: {version: "1", languages: [en-us], sample_rate: 24000, max_characters: 100, blends: true}
default_model: choir@1
models:
  - id: choir@1
    version: "1"
    languages: [en-us]
    parameters: {depth: 3}
    forms:
      - name: whole
        files:
          - name: weights.bin
            sha256: SHA-A
            bytes: 4
            sources:
              - {hub: someone/choir, path: weights.bin, revision: v1}
              - {pypi: [choir-a==1.0, choir-b==1.0], paths: [choir_a/part.bin, choir_b/part.bin]}
              - {npm: choir@1.0, path: package/weights.bin}
              - {local: /nowhere/weights.bin}
voices:
  - {id: alto, language: en-us, file: {name: alto.bin, sha256: SHA-B, bytes: 1, sources: [{local: /a}]}}
  - {id: bass, language: en-gb, file: {name: bass.bin, sha256: SHA-C, bytes: 1, sources: [{local: /b}]}}
  - {id: bass-again, language: en-gb, file: {name: b.bin, sha256: SHA-C, bytes: 1, sources: [{local: /c}]}}
"""


def written(shares_by_name: dict[str, int]) -> str:
    return "tone/" + "+".join(f"{name}:{share}" for name, share in shares_by_name.items())


def choir(tmp_path: Path, text: str = ENGINE) -> Catalogue:
    for letter in "ABC":
        text = text.replace(f"SHA-{letter}", letter.lower() * 64)
    (tmp_path / "choir").mkdir(exist_ok=True)
    (tmp_path / "choir" / "engine.yaml").write_text(text)
    return read_catalogue(tmp_path)


def test_every_engine_folder_with_an_engine_file_is_in_the_catalogue() -> None:
    folder = Path(sys.modules["pipeline.engines.catalogue"].__file__ or "").parent
    assert set(load_catalogue().engines) == {path.parent.name for path in folder.glob("*/engine.yaml")}


def test_reading_the_catalogue_imports_no_engine() -> None:
    program = (
        "import sys; from pipeline.engines.catalogue import load_catalogue; load_catalogue(); "
        "print([name for name in sys.modules if name.startswith('pipeline.engines.') and "
        "name.count('.') > 2], "
        "[name for name in ('torch', 'espeakng_loader', 'misaki') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["[]", "[]"]


def test_the_catalogue_is_read_once() -> None:
    assert load_catalogue() is load_catalogue()


def test_all_that_an_engine_file_says_is_in_the_catalogue(tmp_path: Path) -> None:
    catalogue = choir(tmp_path)
    engine = catalogue.engine("choir")
    assert (engine.licence_code, engine.licence_weights, engine.hidden) == ("MIT", "CC-BY-4.0", False)
    assert engine.capabilities.languages == ("en-us",)
    model = catalogue.model("choir@1")
    assert (model.engine, model.parameters) == ("choir", {"depth": 3})
    assert model.forms[0].files[0].sources == (
        HubSource("someone/choir", "weights.bin", "v1"),
        PypiSource(("choir-a==1.0", "choir-b==1.0"), ("choir_a/part.bin", "choir_b/part.bin")),
        NpmSource("choir@1.0", "package/weights.bin"),
        LocalSource("/nowhere/weights.bin"),
    )
    voice = catalogue.voice("choir/alto")
    assert (voice.model, voice.file.name if voice.file else None) == ("choir@1", "alto.bin")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("summary: sings", "sumary: sings", "unknown key 'sumary'"),
        ("sample_rate: 24000", "sample_rate: fast", "sample_rate"),
        ("default_model: choir@1", "default_model: choir@9", "no model 'choir@9'"),
        ("id: choir@1", "id: chorus@1", "must be called 'choir@...'"),
        ("id: bass,", "id: alto,", "voice 'alto' is there twice"),
        ("SHA-A", "abc", "sha256"),
        ("{npm: choir@1.0, path: package/weights.bin}", "{npm: choir@1.0}", "a npm source has the keys"),
        ("choir-a==1.0, choir-b==1.0", "choir-a==1.0", "one path for each package"),
        ("{local: /nowhere/weights.bin}", "{local: /a, npm: b, path: c}", "exactly one of"),
        ("engine: choir", "engine: quire", "lies in folder 'choir'"),
        ("engine: choir", "engine: [", "engine.yaml:"),
        ("name: weights.bin", "name: ../weights.bin", "name"),
    ],
)
def test_a_slip_in_an_engine_file_is_one_row_that_names_the_file(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    text = ENGINE.replace(before, after, 1)
    if before == "engine: choir" and after == "engine: quire":
        text = text.replace("choir@1", "quire@1")
    with pytest.raises(UsageError) as caught:
        choir(tmp_path, text)
    assert said in str(caught.value)
    assert "engine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_voice_is_found_by_engine_and_name() -> None:
    voice = load_catalogue().voice("tone/alt")
    assert (voice.engine, voice.name, voice.model) == ("tone", "alt", "tone@2")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("espeak/en-gbb", "did you mean 'espeak/en-gb'?"),
        ("espek/en-gb", "did you mean 'espeak'?"),
        ("en-gbb", "did you mean 'espeak/en-gb'?"),
        ("espeak/en", "there are: en-029, en-gb"),
        ("espeak/en-us+f9", "there are: f1, f2"),
        ("tone/low+hihg", "did you mean 'tone/high'?"),
    ],
)
def test_an_unknown_voice_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=r"^no ") as caught:
        load_catalogue().resolve_voice(name)
    assert hint in str(caught.value)


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'espeak@1\.52'"):
        load_catalogue().model("espeak@1.51")


def test_a_hidden_engine_is_never_a_hint() -> None:
    with pytest.raises(UsageError) as caught:
        load_catalogue().engine("tonne")
    assert "tone" not in str(caught.value).replace("tonne", "")


def test_a_voice_alone_is_one_part_of_weight_one() -> None:
    voice = load_catalogue().resolve_voice("tone/low")
    assert [(part.id, weight) for part, weight in voice.parts] == [("tone/low", 1.0)]


@given(shares, st.randoms(use_true_random=False))
def test_the_order_in_which_a_blend_is_written_does_not_matter(
    blend: dict[str, int], shuffler: random.Random
) -> None:
    names = list(blend)
    shuffler.shuffle(names)
    one = load_catalogue().resolve_voice(written(blend))
    other = load_catalogue().resolve_voice(written({name: blend[name] for name in names}))
    assert one.parts == other.parts
    assert one.digest() == other.digest()


@given(shares, st.integers(1, 50))
def test_shares_are_relative_and_add_up_to_one(blend: dict[str, int], factor: int) -> None:
    voice = load_catalogue().resolve_voice(written(blend))
    scaled = load_catalogue().resolve_voice(written({name: share * factor for name, share in blend.items()}))
    # Each share is rounded to six decimals.
    assert sum(weight for _, weight in voice.parts) == pytest.approx(1, abs=len(blend) * 0.5e-6)
    assert voice.parts == scaled.parts


def test_the_largest_part_comes_first_and_lends_its_language(tmp_path: Path) -> None:
    voice = choir(tmp_path).resolve_voice("choir/alto:0.3+bass:0.7")
    assert [part.name for part, _ in voice.parts] == ["bass", "alto"]
    assert voice.language == "en-gb"


def test_no_shares_are_equal_shares() -> None:
    catalogue = load_catalogue()
    assert (
        catalogue.resolve_voice("tone/low+high").parts == catalogue.resolve_voice("tone/low:2+high:2").parts
    )


def test_a_voice_named_twice_adds_up() -> None:
    voice = load_catalogue().resolve_voice("tone/low:1+high:2+low:1")
    assert {part.name: weight for part, weight in voice.parts} == {"low": 0.5, "high": 0.5}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tone/low:0+high:1", "must be above 0"),
        ("tone/low:-1+high:2", "must be above 0"),
        ("tone/low:nan+high:1", "must be above 0"),
        ("tone/low:inf+high:1", "must be above 0"),
        ("tone/low:much+high:1", "share 'much' is no number"),
        ("tone/low:1+high", "give one to all or to none"),
        ("tone/low:1e-9+high:1", "share of 'low' is too small"),
        ("tone/low+", "a part has no name"),
        ("tone/", "a part has no name"),
        ("tone/low+alt", "different models (tone@1, tone@2)"),
        ("espeak/en-gb+en-us", "cannot blend voices"),
        ("espeak/en-gb:1+en-us:1", "cannot blend voices"),
    ],
)
def test_a_blend_that_cannot_be_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_catalogue().resolve_voice(name)
    assert said in str(caught.value)


def test_a_variant_belongs_to_its_voice_and_may_tell_the_gender() -> None:
    catalogue = load_catalogue()
    voice = catalogue.resolve_voice("espeak/en-us+f3")
    assert [(part.name, part.gender) for part, _ in voice.parts] == [("en-us+f3", "female")]
    assert voice.digest() != catalogue.resolve_voice("espeak/en-us").digest()
    assert catalogue.voice("espeak/en-us+whisper").name == "en-us+whisper"


def test_a_digest_is_of_the_states_and_not_of_names_or_places(tmp_path: Path) -> None:
    catalogue = choir(tmp_path)
    bass = catalogue.resolve_voice("choir/bass").digest()
    assert bass == catalogue.resolve_voice("choir/bass-again").digest()
    assert bass != catalogue.resolve_voice("choir/alto").digest()
    assert (
        catalogue.resolve_voice("choir/bass:1+alto:2").digest()
        != catalogue.resolve_voice("choir/bass:2+alto:1").digest()
    )


def test_the_digest_of_a_voice_is_pinned() -> None:
    """A digest is part of every take's key: another one would render every book anew."""
    assert (
        load_catalogue().resolve_voice("tone/low:0.6+high:0.4").digest()
        == "5a068546d5769b83491da062fbf63db3cd6396c1a1f0f622b544ca98a7ca3edf"
    )


def test_a_missing_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = choir(tmp_path)
    monkeypatch.setattr("pipeline.engines.catalogue.load_catalogue", lambda: catalogue)
    with pytest.raises(MissingError, match=r"needs 'choir_engine_for_this_test'.*pip install 'choir==2\.0'"):
        create_engine("choir")


@pytest.mark.parametrize("name", ["tone", "espeak"])
def test_an_engine_is_made_by_its_name_and_holds_nothing_before_it_is_loaded(name: str) -> None:
    assert create_engine(name).bytes_held() == 0
