"""A checkout of EmotiVoice in miniature: true names and forms, random weights, our own front end."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from emotivoice_shapes import SMALL, Size, joint_shapes, style_shapes

from pipeline.engines.emotivoice.finder import published_voices
from pipeline.engines.emotivoice.settings import GENERATOR, STYLE_ENCODER

BERT = "WangZeJun/simbert-base-chinese"
WORDS = 120
TOKENS = ["_", "<sos/eos>", "sp0", "sp1", "sp3", "engsp1", "engsp4", "cn_eng_sp", "eng_cn_sp", "ao1"]
CHINESE_TOKENS = [f"zh{number}" for number in range(200)]
ENGLISH_TOKENS = [f"[{letter}]" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]

FRONTEND = '''
import os
import re

from frontend_cn import read_chinese
from frontend_en import get_eng_phoneme

print("modules of a checkout print what they like")


class G2p:
    """Spells a word."""

    def __call__(self, word):
        return [f"[{letter}]" for letter in word.upper() if "A" <= letter <= "Z"]


def read_lexicon(path):
    rows = (row.split() for row in open(path, encoding="utf-8"))
    return {row[0]: row[1:] for row in rows if row}


def g2p_cn_en(text, g2p, lexicon):
    pieces = re.findall("[\\u4e00-\\u9fa5\\uff0c\\u3002\\uff01\\uff1f]+|[A-Za-z ,.?!'-]+", text)
    said = [
        read_chinese(piece)
        if re.search("[\\u4e00-\\u9fa5]", piece)
        else get_eng_phoneme(piece, g2p, lexicon)[10:-10]
        for piece in pieces
    ]
    return " ".join(["<sos/eos>", *filter(None, said), "<sos/eos>"])
'''
FRONTEND_CN = """
from cn2an.an2cn import STAND_IN

assert STAND_IN


def read_chinese(text):
    marks = {mark: "sp3" for mark in "\\uff0c\\u3002\\uff01\\uff1f"}
    return " ".join(marks.get(each) or f"zh{ord(each) % 200}" for each in text)
"""
FRONTEND_EN = """
import os


def get_eng_phoneme(text, g2p, lexicon):
    if "stumble" in text:
        raise ValueError("stumbled")
    if "vanish" in text:
        os._exit(3)
    if "unlisted" in text:
        return "<sos/eos> [QX9] <sos/eos>"
    said = []
    for word in text.replace("-", " ").split():
        plain = word.strip(",.?!").upper()
        said += lexicon.get(plain) or g2p(plain)
        said.append("engsp4" if word[-1] in ",.?!" else "engsp1")
    return " ".join(["<sos/eos>", *said[:-1], "<sos/eos>"])
"""
CN2AN = "STAND_IN = True\n"
LEXICON = "HELLO  [H] [E] [L] [O]\nLAMP\t[L] [A] [M] [P]\n"


def make_checkout(home: Path, size: Size = SMALL, bert: tuple[int, int, int, int] = (16, 1, 32, 2)) -> Path:
    """A whole checkout at `home` with random weights; `bert` is width, layers, inner width, heads."""
    width, layers, inner, heads = bert
    generator = torch.Generator().manual_seed(11)
    joint = random_weights(joint_shapes(size), generator)
    style = random_weights(style_shapes(width, layers, inner, WORDS), generator)
    write(home / "frontend.py", FRONTEND)
    write(home / "frontend_cn.py", FRONTEND_CN)
    write(home / "frontend_en.py", FRONTEND_EN)
    write(home / "cn2an" / "an2cn.py", CN2AN)
    write(home / "cn2an" / "conf.py", "NUMBERS = {}\n")
    write(home / "lexicon" / "librispeech-lexicon.txt", LEXICON)
    known = [*TOKENS, *CHINESE_TOKENS, *ENGLISH_TOKENS]
    spare = [f"spare{number}" for number in range(size.tokens - len(known))]
    write(home / "data/youdao/text/tokenlist", "\n".join([*known, *spare]) + "\n")
    write(home / "data/youdao/text/speaker2", "\n".join(published_voices()))
    write(
        home / "config/joint/config.yaml",
        f"sr: 16000\nmodel:\n  encoder_n_heads: {size.heads}\n  decoder_n_heads: {size.heads}\n",
    )
    write(
        home / BERT / "config.json",
        json.dumps({"vocab_size": WORDS, "num_attention_heads": heads, "hidden_size": width}),
    )
    write(home / BERT / "vocab.txt", "\n".join(vocabulary()) + "\n")
    save(home / GENERATOR, {"generator": joint})
    save(home / STYLE_ENCODER, {"model": {f"module.{key}": value for key, value in style.items()}})
    return home


def vocabulary() -> list[str]:
    """Word pieces: the marks, what the prompts are written in, letters; then spares."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    rows = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"普通开心悲伤生气恐惧厌恶惊讶我来到北京，。,.?!"]
    rows += [*letters, *(f"##{letter}" for letter in letters)]
    return [*rows, *(f"[unused{number}]" for number in range(WORDS - len(rows)))]


def random_weights(shapes: dict[str, tuple[int, ...]], generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random weights of a spread that keeps the signal alive; tokens last some six frames."""
    return {key: _random(key, shape, generator) for key, shape in shapes.items()}


def _random(key: str, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    if key == "am.duration_predictor.linear.bias":
        return torch.full(shape, 1.9)
    scales = key.endswith(("original0", ".2.weight", "embed.0.alpha"))
    if scales or ("norm" in key.lower() and key.endswith("weight")):
        return torch.ones(shape)
    if len(shape) == 1:
        return torch.zeros(shape)
    return torch.randn(shape, generator=generator) / math.sqrt(math.prod(shape[1:]))


def write(path: Path, text: str) -> None:
    """Writes a file and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def save(path: Path, value: object) -> None:
    """Saves a checkpoint as torch does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(value, path)


ROOT = Path(__file__).parents[3]
TRANSFORMERS = """
import json
import types
from pathlib import Path

import torch


class BertConfig:
    @staticmethod
    def from_json_file(path):
        return types.SimpleNamespace(**json.loads(Path(path).read_text()))


class BertModel:
    def __init__(self, form):
        self.form = form


class BertTokenizer:
    @staticmethod
    def from_pretrained(path):
        from pipeline.engines.emotivoice.wordpiece import WordPieces

        pieces = WordPieces.read(Path(path) / "vocab.txt")

        def tokenize(texts, return_tensors):
            ids = torch.tensor([pieces.ids(texts[0])])
            return {"input_ids": ids, "token_type_ids": ids * 0, "attention_mask": ids * 0 + 1}

        return tokenize
"""
SIMBERT = """
from pipeline.engines.emotivoice.checkpoint import _bert
from pipeline.engines.emotivoice.style import StyleEncoder as Ours

AutoModel = None


class StyleEncoder:
    def __init__(self, config):
        self.form = AutoModel.from_pretrained(config.bert_path).form

    def load_state_dict(self, state, strict):
        plain = _bert(state)
        self.ours = Ours(plain, self.form.num_attention_heads, 1e-12)
        self.ours.load_state_dict(plain)
        return [], []

    def eval(self):
        return self

    def __call__(self, input_ids, token_type_ids, attention_mask):
        return {"pooled_output": self.ours(input_ids[0].tolist()).unsqueeze(0)}
"""
JETS = """
from pipeline.engines.emotivoice.acoustic import AcousticModel, Sizes
from pipeline.engines.emotivoice.checkpoint import without_weight_norm
from pipeline.engines.emotivoice.vocoder import Vocoder

LOUDER = 1.0


class JETSGenerator:
    def __init__(self, sizes):
        self.heads = sizes.model["encoder_n_heads"]

    def load_state_dict(self, state):
        whole = without_weight_norm(state)
        spoken = {key[3:]: value for key, value in whole.items() if key[:3] == "am." and "align" not in key}
        voiced = {key[10:]: value for key, value in whole.items() if key.startswith("generator.")}
        self.acoustic = AcousticModel(Sizes.of(spoken, self.heads, self.heads), spoken)
        self.acoustic.load_state_dict(spoken)
        self.vocoder = Vocoder(voiced)
        self.vocoder.load_state_dict(voiced)

    def eval(self):
        return self

    def __call__(
        self, inputs_ling, input_lengths, inputs_speaker, inputs_style_embedding, inputs_content_embedding
    ):
        voice = self.acoustic.voice([(int(inputs_speaker), 1.0)])
        texts = (inputs_style_embedding[0], inputs_content_embedding[0])
        reading = self.acoustic.read(inputs_ling[0].tolist(), voice, *texts)
        mel = self.acoustic.draw(self.acoustic.spread(reading).unsqueeze(0), None)
        return {
            "log_duration_predictions": reading.durations.unsqueeze(0),
            "pitch_predictions": reading.pitch,
            "energy_predictions": reading.energy,
            "dec_outputs": mel,
            "wav_predictions": LOUDER * self.vocoder(mel.transpose(1, 2), [mel.shape[1]]),
        }
"""
CONFIG = """
import sys
from pathlib import Path

sys.path.append("ROOT")


class Config:
    model_config_path = str(Path.cwd() / "config/joint/config.yaml")
    n_symbols, speaker_n_labels = 502, 2014
"""
YACS = """
import types

import yaml


def load_cfg(file):
    return types.SimpleNamespace(**yaml.safe_load(file))
"""


def add_models(home: Path) -> None:
    """Gives a checkout models of its own: ours under its names, and what it imports for them."""
    write(home / "transformers.py", TRANSFORMERS)
    write(home / "models/prompt_tts_modified/simbert.py", SIMBERT)
    write(home / "models/prompt_tts_modified/jets.py", JETS)
    write(home / "config/joint/config.py", CONFIG.replace("ROOT", str(ROOT)))
    write(home / "yacs/__init__.py", "")
    write(home / "yacs/config.py", YACS)
