"""Names of locales as engines write them, and the tags that they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.game.locales import canonical, is_locale, locale_of, wider


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("pt_BR", "pt-BR"), ("zh-hans", "zh-Hans"), ("ZH_HANT_tw", "zh-Hant-TW"), ("de", "de"),
        ("french", "fr"), ("Schinese", "zh-Hans"), ("es_419", "es-419"), ("latinum", "la"),
    ],
)  # fmt: skip
def test_an_engines_own_name_becomes_a_tag(name, tag):
    assert locale_of(name, {"latinum": "la"}) == tag


def test_the_projects_word_wins_over_english():
    assert locale_of("french", {"french": "fr_CA"}) == "fr-CA"


def test_a_name_that_nobody_knows_is_told_with_what_to_do():
    assert not is_locale("piglatin", {})
    with pytest.raises(UsageError, match=r"'piglatin' is no locale by BCP 47; .*piglatin = \"de\""):
        locale_of("piglatin", {})


def test_a_locale_is_looked_for_from_narrow_to_wide():
    assert list(wider("zh-Hant-TW")) == ["zh-Hant-TW", "zh-Hant", "zh"]


@given(st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}", fullmatch=True))
def test_a_tag_in_its_usual_form_stays_so(tag):
    assert canonical(canonical(tag)) == canonical(tag)
    assert canonical(tag).casefold() == tag.replace("_", "-").casefold()
