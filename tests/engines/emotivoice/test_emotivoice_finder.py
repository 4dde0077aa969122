import subprocess
import sys

import pytest
import torch
from emotivoice_standin import BERT

from pipeline.engines.catalogue import load_catalogue
from pipeline.engines.emotivoice.finder import find, published_voices, voices
from pipeline.engines.emotivoice.settings import GENERATOR, STYLE_ENCODER
from pipeline.errors import UsageError

HEARD = [
    GENERATOR,
    STYLE_ENCODER,
    "frontend.py",
    "lexicon/librispeech-lexicon.txt",
    "data/youdao/text/tokenlist",
    f"{BERT}/vocab.txt",
]


def test_there_are_2014_voices_and_half_of_them_are_women():
    genders = list(published_voices().values())
    assert (len(genders), genders.count("male"), genders.count("female")) == (2014, 1048, 966)
    assert list(published_voices())[:3] == ["8051", "11614", "9017"]


def test_a_voice_is_cast_by_its_number_without_a_checkout(monkeypatch):
    monkeypatch.delenv("FULLCAST_EMOTIVOICE", raising=False)
    catalogue = load_catalogue()
    voice = catalogue.resolve_voice("emotivoice/8051")
    assert (voice.model, voice.parts[0][0].gender) == ("emotivoice@open-source", "female")
    assert len(catalogue.engine("emotivoice").voices) == 2014
    assert "set FULLCAST_EMOTIVOICE" in voice.parts[0][0].tags[0]
    with pytest.raises(UsageError, match="no voice 'emotivoice/80510'; did you mean 'emotivoice/8051'"):
        catalogue.resolve_voice("emotivoice/80510")


def test_voices_can_be_blended():
    blend = load_catalogue().resolve_voice("emotivoice/8051:3+9017:1")
    assert [(part.name, share) for part, share in blend.parts] == [("8051", 0.75), ("9017", 0.25)]


def test_the_engine_is_in_no_list_unless_it_is_asked_for():
    assert load_catalogue().engine("emotivoice").hidden


def test_a_checkout_says_which_voices_it_has(own_standin, monkeypatch):
    speakers = own_standin / "data/youdao/text/speaker2"
    speakers.write_text("8051\nmy-own-reader\n")
    monkeypatch.setenv("FULLCAST_EMOTIVOICE", str(own_standin))
    parameters = {"environment": "FULLCAST_EMOTIVOICE"}
    assert [(voice["id"], voice["gender"], voice["tags"]) for voice in voices("emotivoice", parameters)] == [
        ("8051", "female", []),
        ("my-own-reader", None, []),
    ]
    assert find("emotivoice", "9017", parameters) is None
    found = find("emotivoice", "my-own-reader", parameters)
    assert found is not None and found["model"]["parameters"]["home"] == str(own_standin)


@pytest.mark.parametrize("name", HEARD)
def test_a_models_id_changes_with_every_file_that_is_heard(own_standin, name):
    def model_id() -> str:
        found = find("emotivoice", "8051", {"home": str(own_standin)})
        assert found is not None
        return str(found["model"]["id"])

    before = model_id()
    assert before.startswith("emotivoice@g_00140000-") and model_id() == before
    path = own_standin / name
    if name in (GENERATOR, STYLE_ENCODER):
        state = torch.load(path, weights_only=True)
        next(iter(next(iter(state.values())).values())).add_(1e-3)
        torch.save(state, path)
    else:
        path.write_bytes(path.read_bytes() + b"\n#")
    assert model_id() != before
    path.unlink()
    assert model_id() == "emotivoice@open-source"


def test_a_models_id_does_not_change_with_the_checkouts_place(own_standin, standin):
    ids = {find("emotivoice", "8051", {"home": str(home)})["model"]["id"] for home in (own_standin, standin)}
    assert len(ids) == 1


def test_a_check_with_an_emotivoice_voice_imports_nothing_slow(tmp_path, standin):
    script = tmp_path / "book.md"
    script.write_text(
        "---\nbook: {title: One}\ncast:\n  narrator: emotivoice/8051\n---\n\n# One\n\nHello there.\n"
    )
    code = (
        "import sys; from pipeline.cli.main import run; code = run(['check', sys.argv[1]]);"
        "slow = {'torch', 'numpy', 'safetensors', 'av', 'ray'};"
        "print(code, sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(script)],
        capture_output=True,
        text=True,
        env={"FULLCAST_EMOTIVOICE": str(standin), "PATH": "/usr/bin:/bin"},
        timeout=120,
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr
