"""Which column of a table is what."""

import pytest

from pipeline.errors import UsageError
from pipeline.game.formats.locale_tags import bcp47, is_locale
from pipeline.game.formats.table_columns import Columns, find_columns


def columns(header: str, wanted=None, names=None) -> Columns:
    return find_columns(header.split(","), "t.csv", wanted or {}, names)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("id,character,text", Columns(id=0, character=1, text=2)),
        ("Line ID,Character_Name,SPOKEN-DIALOGUE", Columns(id=0, character=1, text=2)),
        ("text,id", Columns(id=1, text=0)),
        ("id,subtitle,note", Columns(id=0, text=1, direction=2)),
        ("Key,SourceString", Columns(id=0, text=1, is_escaped=True)),
        ("---,Name,Text", Columns(id=0, text=2)),
        (",Speaker,Line", Columns(id=0, character=1, text=2)),
        ("id,who,line,mood,voice file", Columns(id=0, character=1, text=2, emotion=3, audio=4)),
        ("id,name,text", Columns(id=0, text=2)),
        ("character,actor,text", Columns(character=0, text=2)),
        ("text,direction,notes,comment", Columns(text=0, direction=1, notes=(2, 3))),
        ("keys,en,de", Columns(id=0, texts={"en": 1, "de": 2}, is_escaped=True)),
        ("what ever,pt_BR,zh-hans", Columns(id=0, texts={"pt-BR": 1, "zh-Hans": 2}, is_escaped=True)),
        ("STRING ID,DESCRIPTION,EN,FR", Columns(id=0, texts={"en": 2, "fr": 3}, is_escaped=True)),
        ("keys,_notes,en,_character", Columns(id=0, texts={"en": 2}, is_escaped=True)),
        ("keys,?context,?plural,en", Columns(id=0, texts={"en": 3}, has_plurals=True, is_escaped=True)),
        ("en,?context,fr", Columns(id=0, texts={"en": 0, "fr": 2}, is_keyed_by_text=True, is_escaped=True)),
        ("id,text,de", Columns(id=0, text=1, texts={"de": 2})),
        ("No,Character,Text", Columns(character=1, text=2)),
        ("text", Columns(text=0)),
        (
            "SpeakingVoice,TargetVoices,SpokenDialogue,VoiceActorDirection,AudioFileName,DialogueAsset",
            Columns(id=4, character=0, text=2, direction=3, audio=4, is_keyed_by_sound=True),
        ),
    ],
)
def test_headers_are_matched_by_name(header, found):
    assert columns(header) == found


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("id,character", "no column of text"),
        ("", "no column of text"),
        ("id,text,dialogue", "columns 'text' and 'dialogue' may both be the text"),
        ("id,Text,text", "columns 'Text' and 'text' may both be the text"),
    ],
)
def test_no_text_or_two_texts_are_a_usage_error(header, told):
    with pytest.raises(UsageError) as error:
        columns(header)
    assert str(error.value).startswith("t.csv:1: ")
    assert told in str(error.value)


def test_the_project_may_name_columns_and_the_rest_is_matched():
    found = columns(
        "Code,_character,Line,Text,Remark,de", {"id": "code", "character": "_character", "text": "Line"}
    )
    assert (found.id, found.character, found.text, found.texts) == (0, 1, 2, {"de": 5})
    assert columns("id,text,tone", {"emotion": []}).emotion is None
    assert columns("id,text,a,b", {"notes": ["a", "b"]}).notes == (2, 3)
    assert columns("id,lang,text", {"locale": "lang"}).locale == 1


def test_the_text_may_be_a_column_a_language():
    found = columns("id,German,English", {"text": ["English", "German"]}, {"english": "en", "German": "de"})
    assert (found.text, found.texts) == (None, {"en": 2, "de": 1})
    assert columns("id,German,en", None, {"german": "de"}).texts == {"de": 1, "en": 2}


def test_beside_a_text_only_the_projects_own_spelling_names_a_language():
    header = "Key,SourceString,Comment,English,Status"
    assert columns(header, None, {"english": "en"}).texts is None
    assert columns(header, None, {"English": "en"}).texts == {"en": 3}


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"text": "txt"}, "no column 'txt' for `columns.text`; did you mean 'text'?"),
        ({"id": ["id", "key"]}, "`columns.id` names several columns"),
        ({"text": ["text", "key"]}, "`columns.text` names 'text', which is no language"),
    ],
)
def test_a_wanted_column_that_is_not_there_is_a_usage_error(wanted, told):
    with pytest.raises(UsageError) as error:
        columns("id,key,text", wanted)
    assert told in str(error.value)


@pytest.mark.parametrize(
    "header", ["en", "de-CH", "pt_BR", "zh-Hans", "zh_Hant_TW", "es-419", "fil", "EN", "sr@latin"]
)
def test_languages_are_known_as_headers(header):
    assert is_locale(header)


@pytest.mark.parametrize("header", ["", "key", "npc", "text", "e", "english", "xx", "en US", "en,de", "en-"])
def test_other_headers_are_no_languages(header):
    assert not is_locale(header)


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("pt_BR", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("zh_hans_cn", "zh-Hans-CN"),
        (" de ", "de"),
        ("sr@latin", "sr-latin"),
        ("french", "fr"),
        ("old_norse", "old-norse"),
    ],
)
def test_names_of_languages_become_tags(name, tag):
    assert bcp47(name, {"french": "fr"}) == tag
