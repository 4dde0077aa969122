"""The front ends as they run: literal phonemes, the lexicon's word, and nothing lost on the way."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.kokoro.g2p import LANGUAGES, Phonemizer, by_script, known, model_ipa
from pipeline.engines.kokoro.passages import vocabulary
from pipeline.errors import LineError


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    """One for all tests: its front ends take seconds to start."""
    return Phonemizer()


@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("en-us", "She stole my money.", "ʃˌi stˈOl mI mˈʌni."),
        ("en-gb", "The old theatre.", "ði ˈQld θˈɪətə."),
        ("zh", "你觉得怎么样？", "ni↓ ʨɥe↗tɤ ʦə↓nmɤja↘ŋ?"),
        ("es", "¿Dónde está?", "dˈonde estˈa?"),
        ("fr", "Le chat est sur la table.", "lə ʃˈa ɛ syʁ la tˈabl."),
        ("it", "Il gatto.", "il ɡˈatːo."),
        ("pt-br", "O gato está.", "ʊ ɡˈatw estˌa."),
        ("hi", "नमस्ते", "nəmˈʌsteː"),
    ],
)
def test_each_language_is_said_by_its_own_front_end(
    phonemizer: Phonemizer, language: str, text: str, phonemes: str
) -> None:
    said = phonemizer.phonemize(text, language)
    assert (said.phonemes, said.warnings) == (phonemes, ())


def test_a_word_of_the_lexicon_is_said_as_its_ipa(phonemizer: Phonemizer) -> None:
    lexicon = (("Dela", "ˈdeɪlə"), ("New Yorkers", "nˈu dʒˈɔrkɚz"))
    said = phonemizer.phonemize("Dela, tell Adela and New Yorkers.", "en-us", lexicon)
    assert said.phonemes.startswith("ˈdAlə, ")
    assert "nˈu ʤˈɔɹkəɹz" in said.phonemes
    assert said.phonemes.count("dAlə") == 1  # Adela is another word


@pytest.mark.parametrize(
    ("language", "text", "word"), [("es", "Hola, Dela.", "Dela"), ("zh", "他叫德拉。", "德拉")]
)
def test_the_lexicon_holds_in_languages_without_a_hook(
    phonemizer: Phonemizer, language: str, text: str, word: str
) -> None:
    said = phonemizer.phonemize(text, language, ((word, "dˈela"),))
    assert "dˈela." in said.phonemes


def test_brackets_of_the_author_are_no_pronunciation(phonemizer: Phonemizer) -> None:
    said = phonemizer.phonemize("A [word](/zzz/) here.", "en-us")
    assert "zzz" not in said.phonemes
    assert "wˈɜɹd" in said.phonemes


def test_english_words_in_chinese_are_said_in_english(phonemizer: Phonemizer) -> None:
    said = phonemizer.phonemize("我用Python写程序", "zh")
    assert said.phonemes == "wo↓jʊ↘ŋ pˈIθˌɑn ɕje↓ ꭧʰə↗ŋɕy↘"


def test_chinese_words_in_english_are_said_in_chinese(phonemizer: Phonemizer) -> None:
    said = phonemizer.phonemize("He said 你好 to me.", "en-us")
    assert said.phonemes == "hˌi sˈɛd ni↓xau↓ tə mˌi."


def test_numbers_in_chinese_are_said_in_chinese(phonemizer: Phonemizer) -> None:
    assert phonemizer.phonemize("15", "zh").phonemes == phonemizer.phonemize("十五", "zh").phonemes


def test_a_symbol_without_a_sound_is_told_not_dropped_in_silence() -> None:
    said = known("aʘb", ["first"])
    assert said.phonemes == "ab"
    assert said.warnings == ("first", "the model has no sound for the symbol 'ʘ', it is left out")


def test_a_language_that_is_not_spoken_is_an_error_of_the_line(phonemizer: Phonemizer) -> None:
    with pytest.raises(LineError, match="does not speak 'en-uk'; did you mean 'en-us'"):
        phonemizer.phonemize("Hello.", "en-uk")


def test_nothing_is_left_behind_of_the_packaged_spacy_model(phonemizer: Phonemizer) -> None:
    phonemizer.phonemize("Hello.", "en-us")
    assert "en_core_web_sm" not in sys.modules


def test_texts_from_several_threads_do_not_corrupt_each_other(phonemizer: Phonemizer) -> None:
    words = [("Xqzt glorbix.", "en-us"), ("La biblioteca.", "es"), ("Le chat noir.", "fr")] * 4
    expected = [phonemizer.phonemize(*word).phonemes for word in words]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda word: phonemizer.phonemize(*word).phonemes, words))
    assert found == expected


@given(st.text(alphabet="aZé'9 ,.。，你好“”《》-", max_size=40), st.sampled_from(["en-us", "zh", "fr"]))
def test_splitting_by_script_loses_no_character_and_keeps_the_order(text: str, language: str) -> None:
    runs = list(by_script(text, language))
    assert "".join("".join(run for _, run in runs).split()) == "".join(text.split())
    for run_language, run in runs:
        letters = [letter for letter in run if letter.isalpha()]
        if run_language != language:
            assert letters
            assert all((letter in "你好") == (run_language == "zh") for letter in letters)


@given(st.text(alphabet="tʃdʒeɪaɪoʊrgɚː.ˈ͡˥˩", max_size=12), st.sampled_from(LANGUAGES))
def test_ipa_of_a_lexicon_never_breaks_the_hook(ipa: str, language: str) -> None:
    assert not set(model_ipa(ipa, language)) & set("[]()/")


def test_every_symbol_has_a_token_inside_the_table() -> None:
    tokens = list(vocabulary().values())
    assert len(set(tokens)) == len(tokens) == 114
    assert min(tokens) > 0
    assert max(tokens) < 178


def test_a_text_is_converted_once_whoever_asks_and_a_lexicon_makes_it_another() -> None:
    asked: list[str] = []

    def front_end(text: str, lexicon: object) -> tuple[str, list[str]]:
        asked.append(text)
        return "a", []

    phonemizer = Phonemizer()
    phonemizer._front_ends["en-us"] = front_end  # one that counts, for the memory alone
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: phonemizer.phonemize("Come in.", "en-us"), range(8)))
    phonemizer.phonemize("Come in.", "en-us", (("Come", "kʌm"),))
    phonemizer.phonemize("Go.", "en-us")
    assert asked == ["Come in.", "Come in.", "Go."]
