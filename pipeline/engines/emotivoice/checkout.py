"""The user's checkout of EmotiVoice: which files it must have, what is wrong with them, what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.engines.emotivoice.fingerprint import fingerprint
from pipeline.engines.emotivoice.settings import HOME_VARIABLE, Settings
from pipeline.errors import EngineError, MissingError, UsageError
from pipeline.hashing import digest

# A large file that git left as a note of where it really is.
LFS_START = b"version https://git-lfs"
MARK_DIGITS = 12
TOKENS = "data/youdao/text/tokenlist"
SPEAKERS = "data/youdao/text/speaker2"
SPEAKER_TABLE = "data/youdao/text/README.md"
CONFIG = "config/joint/config.yaml"
LEXICON = "lexicon/librispeech-lexicon.txt"
BERT = "WangZeJun/simbert-base-chinese"
# Files of the code repository that we need, and what they are for.
CODE = {
    "frontend.py": "text front end",
    "frontend_cn.py": "Chinese front end",
    "frontend_en.py": "English front end",
    "cn2an/an2cn.py": "Chinese numbers",
    "cn2an/conf.py": "Chinese numbers",
    CONFIG: "sizes of the model",
    TOKENS: "phonemes",
    SPEAKERS: "voices",
    LEXICON: "English pronunciations",
}
WEIGHTS_HINT = "git clone https://www.modelscope.cn/syq163/outputs.git (with git-lfs) gives the checkpoints"
BERT_HINT = "git clone https://www.modelscope.cn/syq163/WangZeJun.git gives the style encoder's vocabulary"
CODE_HINT = "git clone https://github.com/netease-youdao/EmotiVoice gives the code"
GENDERS = {"F": "female", "M": "male"}
_TABLE_ROW = re.compile(r"^\|\s*([^|\s]+)\s*\|[^|]*\|\s*([FM])\s*\|")


class _Heads(BaseModel):
    """What of the model's sizes the weights do not show."""

    model_config = ConfigDict(extra="ignore", strict=True)

    encoder_n_heads: int = Field(gt=0)
    decoder_n_heads: int = Field(gt=0)


class _JointConfig(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    model: _Heads


class BertConfig(BaseModel):
    """What of the style encoder's sizes the weights do not show."""

    model_config = ConfigDict(extra="ignore", strict=True)

    num_attention_heads: int = Field(gt=0)
    layer_norm_eps: float = Field(default=1e-12, gt=0)
    vocab_size: int = Field(gt=0)


class _TokenizerConfig(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    do_lower_case: bool = True


_Form = TypeVar("_Form", bound=BaseModel)


@dataclass(frozen=True)
class Checkout:
    """The files of one checkout. Reads lists and settings; knows nothing of tensors."""

    home: Path
    generator: Path
    style_encoder: Path

    @classmethod
    def of(cls, settings: Settings) -> Checkout:
        """The checkout that the settings name; nothing is looked at yet.

        Raises:
            MissingError: they name none.
        """
        if settings.home is None:
            raise MissingError(
                "EmotiVoice's code and weights do not come with fullcast",
                hint=f"set {HOME_VARIABLE} to the folder of your checkout; {CODE_HINT}; in it {WEIGHTS_HINT};"
                f" {BERT_HINT}",
            )
        home = settings.home
        return cls(home, home / settings.generator, home / settings.style_encoder)

    @property
    def vocabulary(self) -> Path:
        """The style encoder's word pieces."""
        return self.home / BERT / "vocab.txt"

    @property
    def pretrained_bert(self) -> Path | None:
        """The weights that the style encoder began as; it can do without, so they may be absent."""
        path = self.home / BERT / "pytorch_model.bin"
        return path if path.is_file() and not _fault(path) else None

    def needed(self) -> Iterator[tuple[Path, str, str]]:
        """Every file we need: where it is, what it is, what brings it."""
        for name, what in CODE.items():
            yield self.home / name, what, CODE_HINT
        yield self.generator, "acoustic model and vocoder", WEIGHTS_HINT
        yield self.style_encoder, "style encoder", WEIGHTS_HINT
        yield self.home / BERT / "config.json", "sizes of the style encoder", BERT_HINT
        yield self.vocabulary, "vocabulary of the style encoder", BERT_HINT

    def demand(self) -> None:
        """Nothing, if all files are there and whole as far as can be seen without reading them.

        Raises:
            MissingError: some are not; every one is named, with what to do.
        """
        if not self.home.is_dir():
            raise MissingError(
                f"no folder '{self.home}'", hint=f"set {HOME_VARIABLE} to your checkout; {CODE_HINT}"
            )
        faults = [(path, what, source, _fault(path)) for path, what, source in self.needed()]
        wrong = [fault for fault in faults if fault[3]]
        if not wrong:
            return
        named = ", ".join(f"{self._short(path)} ({what}: {fault})" for path, what, _, fault in wrong)
        hints = dict.fromkeys(source for _, _, source, fault in wrong if fault != "LFS pointer")
        pulls = ["git lfs pull fetches what LFS pointers stand for"] * any(
            fault == "LFS pointer" for *_, fault in wrong
        )
        message = f"EmotiVoice lacks {len(wrong)} of {len(faults)} files: {named}"
        raise MissingError(message, where=str(self.home), hint="; ".join([*hints, *pulls]))

    def mark(self) -> str | None:
        """12 hexadecimal digits that change with anything that is heard; None while a file is missing."""
        paths = [path for path, _, _ in self.needed()]
        try:
            marks = [fingerprint(path) for path in paths]
        except OSError:
            return None
        return digest(marks)[:MARK_DIGITS]

    def tokens(self) -> dict[str, int]:
        """The number of each phoneme."""
        return {name: number for number, name in enumerate(_rows(self.home / TOKENS))}

    def speakers(self) -> dict[str, int]:
        """The row of each voice in the model's table, by its name."""
        return {name: number for number, name in enumerate(_rows(self.home / SPEAKERS))}

    def genders(self) -> dict[str, str]:
        """`female` or `male` of the voices that the checkout's own table knows; empty without a table."""
        path = self.home / SPEAKER_TABLE
        if not path.is_file():
            return {}
        found = (_TABLE_ROW.match(row) for row in _rows(path))
        return {match[1]: GENDERS[match[2]] for match in found if match}

    def heads(self) -> tuple[int, int]:
        """Heads of attention of the encoder and of the decoder."""
        import yaml

        path = self.home / CONFIG
        try:
            value = yaml.safe_load(path.read_bytes())
        except (OSError, yaml.YAMLError) as error:
            raise EngineError(f"cannot be read: {error}", where=str(path)) from error
        config = _read(_JointConfig, value, path)
        return config.model.encoder_n_heads, config.model.decoder_n_heads

    def bert(self) -> BertConfig:
        """Sizes of the style encoder."""
        return _read_json(BertConfig, self.home / BERT / "config.json")

    def lower_case(self) -> bool:
        """Whether the style encoder reads capitals as small letters; it does unless its settings say no."""
        path = self.home / BERT / "tokenizer_config.json"
        return _read_json(_TokenizerConfig, path).do_lower_case if path.is_file() else True

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.home)) if path.is_relative_to(self.home) else str(path)


def _fault(path: Path) -> str | None:
    """What is wrong with a file, in two or three words."""
    if not path.is_file():
        return "missing"
    try:
        with path.open("rb") as file:
            start = file.read(len(LFS_START))
    except OSError as error:
        return error.strerror or "unreadable"
    if not start:
        return "empty, an incomplete download"
    return "LFS pointer" if start == LFS_START else None


def _rows(path: Path) -> list[str]:
    """The rows of a text file without the spaces at their ends.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from error
    return [row.strip() for row in text.removesuffix("\n").split("\n")]


def _read_json(form: type[_Form], path: Path) -> _Form:
    import json

    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EngineError(f"cannot be read: {error}", where=str(path)) from error
    return _read(form, value, path)


def _read(form: type[_Form], value: object, path: Path) -> _Form:
    try:
        return form.model_validate(value)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(step) for step in fault["loc"])
        raise EngineError(f"{place}: {fault['msg']}", where=str(path)) from error
