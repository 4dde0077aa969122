import pickle

import pytest
import torch
from emotivoice_shapes import style_shapes
from emotivoice_standin import BERT, WORDS, random_weights, save

from pipeline.engines.base import LoadRequest
from pipeline.engines.emotivoice.checkout import Checkout
from pipeline.engines.emotivoice.engine import EmotiVoiceEngine
from pipeline.engines.emotivoice.settings import GENERATOR, STYLE_ENCODER, Settings, read_settings
from pipeline.errors import EngineError, MissingError, UsageError


def at(home) -> Checkout:
    return Checkout.of(Settings(home=home))


def test_a_whole_checkout_lacks_nothing(checkout):
    checkout.demand()


def test_without_a_checkout_the_error_says_what_to_fetch_and_what_to_set(tmp_path):
    with pytest.raises(MissingError, match="do not come with fullcast; set FULLCAST_EMOTIVOICE") as caught:
        EmotiVoiceEngine().load(LoadRequest("emotivoice@open-source", {}, "cpu", 1, tmp_path))
    assert "git clone" in str(caught.value) and "\n" not in str(caught.value)


def test_every_missing_file_is_named_at_once(own_standin):
    gone = ["frontend_en.py", "lexicon/librispeech-lexicon.txt", GENERATOR, f"{BERT}/vocab.txt"]
    for name in gone:
        (own_standin / name).unlink()
    with pytest.raises(MissingError) as caught:
        at(own_standin).demand()
    said = str(caught.value)
    assert all(f"{name} (" in said for name in gone) and "lacks 4 of 13 files" in said
    assert STYLE_ENCODER not in said and "\n" not in said
    assert "outputs.git" in said and "WangZeJun.git" in said and "netease-youdao/EmotiVoice" in said


def test_an_empty_folder_lacks_everything(tmp_path):
    with pytest.raises(MissingError, match="lacks 13 of 13 files"):
        at(tmp_path).demand()
    with pytest.raises(MissingError, match="no folder"):
        at(tmp_path / "nowhere").demand()


def test_a_note_of_git_lfs_and_an_empty_file_are_told_apart(own_standin):
    (own_standin / GENERATOR).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    (own_standin / STYLE_ENCODER).write_bytes(b"")
    with pytest.raises(MissingError) as caught:
        at(own_standin).demand()
    assert "(acoustic model and vocoder: LFS pointer)" in str(caught.value)
    assert "git lfs pull" in str(caught.value)
    assert "(style encoder: empty, an incomplete download)" in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("data/youdao/text/speaker2", "8051\n", "", r"speaker2: 2013 rows, but the checkpoint has 2014"),
        (
            "data/youdao/text/tokenlist",
            "sp0\n",
            "sp0\nsp9\n",
            r"tokenlist: 503 rows, but the checkpoint has 502",
        ),
        (f"{BERT}/vocab.txt", "[unused0]\n", "", r"vocab.txt: 119 rows, but the checkpoint has 120"),
        (
            f"{BERT}/config.json",
            '"num_attention_heads": 2',
            '"num_attention_heads": "two"',
            "num_attention_heads",
        ),
        (f"{BERT}/config.json", "{", "[", "config.json: cannot be read"),
        ("config/joint/config.yaml", "encoder_n_heads: 2", "encoder_n_heads: 0", "model.encoder_n_heads"),
        ("config/joint/config.yaml", "model:", "model: [", "config.yaml: cannot be read"),
        (
            "config/joint/config.yaml",
            "decoder_n_heads: 2",
            "decoder_n_heads: 3",
            "3 heads do not divide a width of 16",
        ),
    ],
)
def test_lists_and_settings_that_do_not_fit_the_weights_are_refused(
    own_standin, load, name, before, after, said
):
    path = own_standin / name
    path.write_text(path.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
    with pytest.raises(EngineError, match=said):
        load(own_standin)


def test_swapped_checkpoints_are_refused(own_standin, load):
    data = (own_standin / STYLE_ENCODER).read_bytes()
    (own_standin / GENERATOR).write_bytes(data)
    with pytest.raises(EngineError, match="g_00140000: not a checkpoint of EmotiVoice: no tensors under"):
        load(own_standin)


def test_a_style_encoder_of_another_width_is_refused(own_standin, load):
    narrow = random_weights(style_shapes(8, 1, 16, WORDS), torch.Generator().manual_seed(1))
    save(own_standin / STYLE_ENCODER, {"model": narrow})
    with pytest.raises(EngineError, match="a style encoder of width 8 does not fit g_00140000"):
        load(own_standin)


def test_a_checkpoint_that_lacks_a_tensor_or_has_one_more_names_it(own_standin, load):
    path = own_standin / GENERATOR
    state = torch.load(path, weights_only=True)["generator"]
    bias = state.pop("am.to_mel.bias")
    save(path, {"generator": state})
    with pytest.raises(EngineError, match="it lacks to_mel.bias"):
        load(own_standin)
    save(path, {"generator": state | {"am.to_mel.bias": bias, "am.extra": bias}})
    with pytest.raises(EngineError, match="it has besides extra"):
        load(own_standin)
    save(path, {"generator": state | {"am.to_mel.bias": bias[:7]}})
    with pytest.raises(EngineError, match="size mismatch for to_mel.bias"):
        load(own_standin)


def test_the_readers_table_tells_genders_where_there_is_one(own_standin):
    assert at(own_standin).genders() == {}
    table = "| ID | Name | Gender | Text |\n|--|--|--|--|\n| 8051 | M. K. | F | Clear |\n| 9017 | J | M | |\n"
    (own_standin / "data/youdao/text/README.md").write_text(table)
    assert at(own_standin).genders() == {"8051": "female", "9017": "male"}


def test_the_environment_says_where_the_checkout_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("FULLCAST_EMOTIVOICE", str(tmp_path))
    monkeypatch.setenv("FULLCAST_EMOTIVOICE_PYTHON", "/opt/python")
    monkeypatch.setenv("FULLCAST_EMOTIVOICE_FRAMES_AT_ONCE", "500")
    settings = read_settings({"environment": "FULLCAST_EMOTIVOICE", "home": "/elsewhere"})
    assert (settings.home, settings.python, settings.frames_at_once) == (tmp_path, "/opt/python", 500)
    assert read_settings({"home": "/elsewhere"}).home != tmp_path
    monkeypatch.setenv("FULLCAST_EMOTIVOICE_FRAMES_AT_ONCE", "many")
    with pytest.raises(UsageError, match="FULLCAST_EMOTIVOICE_FRAMES_AT_ONCE"):
        read_settings({"environment": "FULLCAST_EMOTIVOICE"})
    with pytest.raises(UsageError, match="hoem"):
        read_settings({"hoem": "/elsewhere"})
