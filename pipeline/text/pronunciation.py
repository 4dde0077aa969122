"""What an author writes for a word's sound: IPA or another spelling, and what can be wrong with it."""

from __future__ import annotations

import unicodedata

from pipeline.text.cjk import is_cjk

# Letters and signs that only phonetic writing has. Source: the IPA chart (2020), plus the non-ASCII
# symbols of misaki's alphabet (ᵊ ᵻ ʤ ʧ ꭧ ...).
IPA_MARKS = frozenset(
    "ˈˌːˑ̩̯̃ʰʲʷˠˤⁿˡ̪̺̻̥̬̆̚ɑɐɒæɓʙβɔɕçɗɖðʤəɘɚɛɜɝɞɟʄɡɠɢʛɦɧħɥʜɨɪʝɭɬɫɮʟɱɯɰŋɳɲɴøɵɸθœɶʘɹɺɾɻʀʁɽʂʃʈʧʉʊʋⱱʌɣɤʍχʎʏʑʐʒ"
    "ʔʡʕʢǀǁǂǃᵊᵻꭧʣʦʨʥ↓↑→↗↘˥˦˧˨˩"
)
# ASCII letters that are IPA themselves, and the capitals that misaki's alphabet uses for diphthongs.
_IPA_ASCII = frozenset("abcdefhijklmnopqrstuvwxyzAIOQSTWYg")
_IPA_SIGNS = frozenset(" .'-‿|‖()͜͡ʼ")
_VOWELS = frozenset("aeiouyɑɐɒæɔəɘɚɛɜɝɞɨɪɯøɵœɶʉʊʌɤʏᵊᵻAIOQWY")


def parse_entry(word: str, value: str) -> tuple[str | None, str | None]:
    """(phonemes, respelling) of a lexicon value, one of them None.

    It is IPA between slashes, or if it has a letter or mark that only IPA has; else a respelling.
    """
    plain = unicodedata.normalize("NFC", value).strip()
    if len(plain) > 2 and plain[0] == plain[-1] == "/":
        return plain[1:-1].strip(), None
    if any(character in IPA_MARKS for character in unicodedata.normalize("NFD", plain)) and not any(
        is_cjk(character) for character in plain
    ):
        return plain, None
    return None, plain


def check_entry(word: str, value: str) -> str | None:
    """What is wrong with a lexicon entry, in one line; None if it can be used."""
    if not any(character.isalnum() for character in word):
        return f"the lexicon word '{word}' has no letter or digit"
    if not value.strip():
        return f"the lexicon says nothing for '{word}'"
    stripped = value.strip()
    if stripped.startswith("/") != (stripped.endswith("/") and len(stripped) > 1):
        return f"the phonemes '{value}' of '{word}' have a slash at one end only"
    phonemes, respelling = parse_entry(word, value)
    if respelling is not None:
        readable = any(character.isalnum() for character in respelling)
        return None if readable else f"the respelling '{value}' of '{word}' has no letter or digit"
    return _check_phonemes(word, phonemes or "")


def _check_phonemes(word: str, phonemes: str) -> str | None:
    decomposed = unicodedata.normalize("NFD", phonemes)
    unknown = [
        character
        for character in phonemes
        if not all(part in IPA_MARKS | _IPA_ASCII | _IPA_SIGNS or _is_mark(part)
                   for part in unicodedata.normalize("NFD", character))
    ]  # fmt: skip
    if unknown:
        return f"'{unknown[0]}' in the phonemes '{phonemes}' of '{word}' is no IPA symbol"
    if not any(character in _VOWELS or _is_syllabic(character) for character in decomposed):
        return f"the phonemes '{phonemes}' of '{word}' have no vowel"
    return None


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) == "Mn"


def _is_syllabic(character: str) -> bool:
    return character in ("\u0329", "\u030d")
