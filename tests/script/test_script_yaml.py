"""YAML: every form of a line, heads, included files, lexicons, and slips told in their rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from script_files import write_picture, write_sound

from pipeline.direction import Emotion
from pipeline.errors import ScriptError
from pipeline.script.check import check_script, read_script
from pipeline.script.model import Book, Pacing, Pause, SceneBreak, Script, Sound

Check = Callable[..., Any]
Read = Callable[..., Script]
BOOK = "book: {title: T}\n"


def lines(*rows: str) -> str:
    return "chapters:\n  - title: One\n    lines:\n" + "".join(f"      - {row}\n" for row in rows)


def test_every_form_of_a_line_is_read(read: Read, tmp_path: Path) -> None:
    write_sound(tmp_path / "door.wav")
    script = read(
        lines(
            "Plain narration.",
            "Della: Give it to me!",
            'Mrs. Young: {text: "Jim, \\u2014 \\"darling\\".", emotion: sad, intensity: 0.7}',
            "{character: Jim, text: Dell, emotion: {valence: 0.4, arousal: -0.2}, rate: 0.95, id: jim-4}",
            "{text: 'It''s mine.', style: slowly, gain: -3}",
            "pause: 1.2",
            "scene break",
            "sound: {file: door.wav, gain: -6, under: yes, fade_in: 1, fade_out: 2, duck: -10}",
            "sound: door.wav",
            "'scene break'",
        ),
        ".yaml",
    )
    assert [(line.character, line.text) for line in script.lines()] == [
        ("narrator", "One"),
        ("narrator", "Plain narration."),
        ("Della", "Give it to me!"),
        ("Della", 'Jim, — "darling".'),
        ("Jim", "Dell"),
        ("narrator", "It's mine."),
        ("narrator", "scene break"),
    ]
    cues = [item for item in script.chapters[0].items if isinstance(item, Pause | SceneBreak | Sound)]
    assert [type(cue) for cue in cues] == [Pause, SceneBreak, Sound, Sound]
    jim = next(line for line in script.lines() if line.id == "jim-4")
    assert jim.direction.emotion == Emotion(0.4, -0.2, 0.0)
    assert (jim.direction.rate, jim.direction.gain_db, jim.where.rpartition(":")[2]) == (0.95, -2.0, "12")


def test_scalars_are_taken_as_they_are_written(read: Read) -> None:
    head = "book: {title: 1984}\ncast: {narrator: tone/low, No: tone/high, 12: tone/mid}\n"
    script = read(lines("No: yes", "12: 0x10", "on"), ".yaml", head)
    assert script.book.title == "1984"
    said = [(line.character, line.text) for line in script.lines()][1:]
    assert said == [("No", "yes"), ("12", "0x10"), ("narrator", "on")]


def test_a_line_overrides_its_role_and_a_new_emotion_is_felt_in_full(read: Read) -> None:
    head = "book: {title: T}\ncast:\n  narrator: tone/low\n"
    head += "  Jim: {voice: tone/mid, emotion: sad, intensity: 0.4, rate: 1.2}\n"
    script = read(
        lines("Jim: a", "Jim: {text: b, intensity: 0.9}", "Jim: {text: c, emotion: happy}"), ".yaml", head
    )
    felt = [
        (line.direction.emotion.label, line.direction.intensity, line.direction.rate)
        for line in script.lines()
    ]
    assert felt[1:] == [("sad", 0.4, 1.2), ("sad", 0.9, 1.2), ("happy", 1.0, 1.2)]


def test_a_style_alone_asks_for_no_emotion(read: Read) -> None:
    script = read(lines("{text: a, style: in a whisper}"), ".yaml")
    emotion = list(script.lines())[1].direction.emotion
    assert emotion == Emotion(style="in a whisper") and not emotion.is_neutral


def test_paragraphs_of_a_block_are_lines_with_their_own_rows(read: Read) -> None:
    script = read(
        lines("|\n        One row\n        and another.\n\n        Second paragraph.", "Jim: x"), ".yaml"
    )
    first, second, third = list(script.lines())[1:]
    assert (first.text, second.text) == ("One row and another.", "Second paragraph.")
    assert (second.relation, third.relation) == ("paragraph", "paragraph")
    assert second.spans[0].line == first.spans[0].line + 3


def test_a_text_with_an_id_stays_one_line(read: Read) -> None:
    text = "A first sentence that is long enough. A second sentence that is long enough."
    script = read(lines(f"Jim: {{text: {text}, id: x}}", f"Jim: {text}"), ".yaml")
    assert [line.text for line in script.lines() if line.named] == [text]
    assert len([line for line in script.lines() if not line.named and not line.title]) == 2


def test_the_whole_head_is_read(read: Read, tmp_path: Path) -> None:
    write_picture(tmp_path / "cover.jpg")
    head = (
        "fullcast: 1\nbook: {title: T, author: A, language: EN-GB, subtitle: S, narrator: N, series: R,"
        " series_part: 2, publisher: P, year: 1905, description: D, genre: G, isbn: 123, asin: B0,"
        " copyright: C, cover: cover.jpg,"
        " announce_chapters: false, disclosure: X, disclose: no}\n"
        "cast: {narrator: tone/low}\npacing: {sentence: 0.5, pace: 1.1, vary: 0}\n"
    )
    script = read(lines("a"), ".yaml", head)
    assert script.book == Book(
        "T", "A", "en-gb", "S", "N", "R", "2", "P", 1905, "D", "G", "123", "B0", "C", tmp_path / "cover.jpg",
        False, "X", False,
    )  # fmt: skip
    assert script.pacing == Pacing(sentence_s=0.5, pace=1.1, vary=0.0)


def test_cast_and_lexicon_may_be_files(read: Read, tmp_path: Path) -> None:
    (tmp_path / "voices.yaml").write_text("cast:\n  narrator: tone/low\n  Jim: tone/mid\n", encoding="utf-8")
    (tmp_path / "words.pls").write_text(
        '<?xml version="1.0"?><lexicon alphabet="ipa" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon">'
        "<lexeme><grapheme>Dell</grapheme><grapheme>Della</grapheme><phoneme>dˈɛl</phoneme></lexeme>\n"
        "<lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme></lexicon>",
        encoding="utf-8",
    )
    script = read(lines("Jim: a"), ".yaml", "book: {title: T}\ncast: voices.yaml\nlexicon: words.pls\n")
    assert list(script.cast) == ["narrator", "Jim"]
    assert script.cast["Jim"].span.file.endswith("voices.yaml")
    assert [(each.word, each.phonemes, each.respelling) for each in script.lexicon] == [
        ("Dell", "dˈɛl", None),
        ("Della", "dˈɛl", None),
        ("W3C", None, "World Wide Web Consortium"),
    ]


def test_a_lexicon_may_say_which_kind_it_means(read: Read) -> None:
    head = "book: {title: T}\ncast: {narrator: tone/low}\n"
    head += "lexicon: {Ed: {phonemes: ed}, Magi: {respelling: may-jye}, A: /eɪ/}\n"
    script = read(lines("a"), ".yaml", head)
    assert [(each.phonemes, each.respelling) for each in script.lexicon] == [
        ("ed", None),
        (None, "may-jye"),
        ("eɪ", None),
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><lexicon/>", "may not declare a DOCTYPE"),
        ("<lexicon><lexeme>", "this is not XML"),
        ("<words/>", "a PLS file starts with <lexicon>"),
        (
            "<lexicon alphabet='x-sampa'><lexeme><grapheme/><phoneme>b</phoneme></lexeme></lexicon>",
            "'x-sampa'",
        ),
        (
            "<lexicon alphabet='ipa'><lexeme><grapheme>a</grapheme></lexeme></lexicon>",
            "a lexeme needs a grapheme",
        ),
    ],
)
def test_a_wrong_pls_file_is_told(check: Check, tmp_path: Path, text: str, wanted: str) -> None:
    (tmp_path / "words.pls").write_text(text, encoding="utf-8")
    _, problems = check(
        lines("a"), ".yaml", "book: {title: T}\ncast: {narrator: tone/low}\nlexicon: words.pls\n"
    )
    assert any(wanted in str(problem) and "words.pls" in problem.file for problem in problems), problems


def test_chapters_may_be_files_of_either_form(read: Read, tmp_path: Path) -> None:
    (tmp_path / "two.md").write_text("# Two\n\nJim: “Hello.”\n", encoding="utf-8")
    (tmp_path / "three.yaml").write_text("lines: [{Jim: Third.}]\n", encoding="utf-8")
    (tmp_path / "more.yaml").write_text(
        "chapters:\n  - {title: Four, lines: [Fourth.]}\n  - file: five.md\n", encoding="utf-8"
    )
    (tmp_path / "five.md").write_text("Fifth.\n", encoding="utf-8")
    body = "chapters:\n  - file: two.md\n  - {file: three.yaml, title: Three}\n  - file: more.yaml\n"
    script = read(body, ".yaml")
    assert [chapter.title for chapter in script.chapters] == ["Two", "Three", "Four", "The Trial"]
    assert len(script.sources) == 5
    assert next(line for line in script.lines() if line.character == "Jim").where.endswith("two.md:3")


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"a.yaml": "chapters: [{file: book.yaml}]"}, "chapter files include one another"),
        (
            {"a.yaml": "chapters: [{file: b.yaml}]", "b.yaml": "chapters: [{file: a.yaml}]"},
            "include one another",
        ),
        ({"a.yaml": "chapters: [{file: ../a.md}]"}, "is outside the script's folder"),
        ({"a.yaml": "chapters: [{file: /etc/hosts}]"}, "is outside the script's folder"),
        ({"a.yaml": "chapters: [{file: b.md}, {file: b.md}]", "b.md": "x"}, "is included twice"),
        ({"a.yaml": "cast: {}\nchapters: []"}, "'cast' belongs into the script itself"),
        ({"a.yaml": "chapters: [{file: b.txt}]", "b.txt": "x"}, "is neither YAML nor Markdown"),
        (
            {"a.yaml": "chapters: [{file: b.md}]", "b.md": "---\nbook: x\n---\nx"},
            "has no front matter of its own",
        ),
    ],
)
def test_a_wrong_chapter_file_is_told(
    check: Check, tmp_path: Path, files: dict[str, str], wanted: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    script, problems = check("chapters:\n  - file: a.yaml\n", ".yaml")
    assert script is None and any(wanted in str(problem) for problem in problems), problems


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("Dela: hi", "no character 'Dela' in the cast; did you mean 'Della'?"),
        ("Della: {text: x, rat: 1}", "no key 'rat' in a line of Della; did you mean 'rate'?"),
        ("Della: {emotion: sad}", "a line of Della has no 'text'"),
        ("Della: {text: x, rate: fast}", "'rate' of a line of Della must be a number, not 'fast'"),
        ("Della: {text: x, rate: nan}", "'rate' of a line of Della must be a number, not 'nan'"),
        ("Della: {text: x, intensity: 1.5}", "must be at most 1, not 1.5"),
        (
            "Della: {text: x, emotion: {valence: 3, arousal: 0}}",
            "'valence' of a line of Della must be at most 1",
        ),
        ("Della: {text: x, emotion: {valence: 0.3}}", "has no 'arousal'"),
        ("Della: {text: x, emotion: sda}", "no emotion 'sda'; did you mean 'sad'?"),
        ("Della: {text: x, id: a b}", "'a b' cannot be the 'id' of a line of Della"),
        ("Della:", "Della says nothing"),
        ("{Della: x, emotion: sad}", "this is no line: it has the keys Della, emotion"),
        ("{}", "this is no line"),
        ("[a, b]", "a line must be text or a mapping, not a list"),
        ("pause: long", "'pause' of a pause must be a number, not 'long'"),
        ("pause: -1", "must be at least 0"),
        ("sound: {fil: x}", "no key 'fil' in a sound; did you mean 'file'?"),
        ("{sound: x.wav, gain: 3}", "no key 'gain' beside 'sound'"),
        ("{sound: missing.wav}", "there is no sound file"),
        ("*nothing", "no anchor '&nothing' stands above this alias"),
        ("!!python/object:os.system x", "means nothing in a script"),
        ("Della: {text: x, text: y}", "'text' is given twice"),
        ("He said: go: now", "this is not YAML"),
    ],
)
def test_a_slip_in_a_line_is_told_in_its_row(check: Check, row: str, wanted: str) -> None:
    script, problems = check(lines("Della: fine", "Jim: fine", row), ".yaml")
    assert script is None
    assert any(wanted in str(problem) and problem.line == 11 for problem in problems), list(
        map(str, problems)
    )


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("cast: {narrator: tone/low}\n", "the script has no 'book'"),
        (BOOK + "", "the script has no 'cast'"),
        ("book: {author: A}\ncast: {narrator: tone/low}\n", "book has no 'title'"),
        ("book: {title: T, author: }\ncast: {narrator: tone/low}\n", "'author' of book has no value"),
        ("book: T\ncast: {narrator: tone/low}\n", "book must be keys with values, not 'T'"),
        ("book: {title: T, cover: no.jpg}\ncast: {narrator: tone/low}\n", "there is no cover file"),
        ("book: {title: T, language: in English}\ncast: {narrator: tone/low}\n", "cannot be the 'language'"),
        ("fullcast: 2\nbook: {title: T}\ncast: {narrator: tone/low}\n", "schema version '2' is not known"),
        ("bok: {title: T}\ncast: {narrator: tone/low}\n", "no key 'bok' in a script; did you mean 'book'?"),
        (BOOK + "cast: {narrator: tone/lw}\n", "narrator: no voice 'tone/lw'"),
        (BOOK + "cast: {narrator: low}\n", "no voice 'low'"),
        (BOOK + "cast: {Jim: tone/low}\n", "the narrator has no voice"),
        (BOOK + "cast: {narrator: tone/low, Jim: {emotion: sad}}\n", "Jim has no 'voice'"),
        (BOOK + "cast: {narrator: tone/low, 'A:b': tone/mid}\n", "'A:b' cannot be a character's name"),
        (BOOK + "cast: {narrator: tone/low, pause: tone/mid}\n", "'pause' cannot be a character's name"),
        (BOOK + "cast: {narrator: tone/low, A: {voice: tone/mid, aliases: [narrator]}}\n", "already names"),
        (BOOK + "cast: voices.yaml\n", "there is no file"),
        (BOOK + "cast: {narrator: tone/low}\nlexicon: {Ed: ''}\n", "the lexicon says nothing for 'Ed'"),
        (BOOK + "cast: {narrator: tone/low}\npacing: {sentences: 1}\n", "did you mean 'sentence'?"),
        (BOOK + "\tcast: {narrator: tone/low}\n", "a tab stands where YAML needs spaces"),
    ],
)  # fmt: skip
def test_a_slip_in_the_head_is_told(check: Check, head: str, wanted: str) -> None:
    script, problems = check(lines("Words."), ".yaml", head)
    assert script is None and any(wanted in str(problem) for problem in problems), list(map(str, problems))


def test_an_alias_bomb_is_refused_quickly(check: Check) -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    script, problems = check("\n".join(rows) + "\n", ".yaml")
    assert script is None and "many times larger" in problems[0].message


def test_deep_nesting_is_refused(check: Check) -> None:
    script, problems = check("x: " + "[" * 50_000, ".yaml")
    assert script is None and "nested deeper than" in problems[0].message


def test_text_is_not_spoken_twice_by_an_alias(check: Check) -> None:
    script, problems = check(lines("&a Once.", "*a"), ".yaml")
    assert script is None and "is spoken already" in problems[0].message


def test_emotion_auto_warns_once_where_nothing_is_ever_inferred(check: Check) -> None:
    auto = "{text: x, emotion: auto}", "{text: y, emotion: auto}"
    script, problems = check(
        lines(f"narrator: {auto[0]}", f"narrator: {auto[1]}", f"Jim: {auto[0]}"), ".yaml"
    )
    assert script is not None
    told = [str(problem).split(": ", 1)[1] for problem in problems if "auto" in problem.message]
    assert told == ["warning: emotion 'auto' is not inferred for the narrator; spoken neutral"]


def test_roles_and_chapters_without_lines_are_warnings(check: Check) -> None:
    script, problems = check(lines("Jim: x") + "  - {title: Two, lines: []}\n  - {lines: [y]}\n", ".yaml")
    assert script is not None
    told = [problem.message for problem in problems if problem.warning]
    assert told == ["Della has no line", "chapter 'Two' has no lines", "the chapter has no title"]


def test_a_voice_for_another_language_is_a_warning_and_an_engine_without_it_an_error(check: Check) -> None:
    head = "book: {title: T, language: zh}\ncast: {narrator: espeak/en-us, Jim: espeak/cmn}\n"
    script, problems = check("chapters: [{title: 一, lines: [好, {Jim: 好}]}]\n", ".yaml", head)
    assert script is not None and [problem.warning for problem in problems] == [True]
    assert "but its lines are in 'zh'" in problems[0].message
    script, problems = check(lines("x"), ".yaml", head.replace("zh", "tlh"))
    assert script is None and any("does not speak 'tlh'" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("name", "data", "wanted"),
    [
        ("book.txt", b"x", "'book.txt' is no script by its name"),
        ("book.md", b"", "the file is empty"),
        ("book.md", b"\xef\xbb\xbf \n", "the file is empty"),
        ("book.yaml", b"# only\n", "nothing but comments"),
        ("book.md", b"---\n\nab\xff", "byte 0xff is not UTF-8"),
        ("book.md", "x".encode("utf-16"), "the file is UTF-16"),
        ("book.md", b"a\x00b", "control character U+0000"),
    ],
)
def test_a_file_that_is_no_script_is_told(tmp_path: Path, name: str, data: bytes, wanted: str) -> None:
    (tmp_path / name).write_bytes(data)
    script, problems = check_script(tmp_path / name)
    assert script is None and len(problems) == 1 and wanted in problems[0].message


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    (tmp_path / "book.md").write_text("x", encoding="utf-8")
    _, problems = check_script(tmp_path / "bok.md")
    assert "there is no file" in problems[0].message and problems[0].hint == "did you mean 'book.md'?"
    _, problems = check_script(tmp_path)
    assert "is a folder" in problems[0].message


def test_reading_raises_all_errors_and_no_warnings(tmp_path: Path) -> None:
    path = tmp_path / "book.yaml"
    path.write_text(
        "book: {title: T}\ncast: {narrator: tone/low}\n" + lines("Dela: x", "Jom: y"), encoding="utf-8"
    )
    with pytest.raises(ScriptError) as error:
        read_script(path)
    assert [problem.line for problem in error.value.problems] == [6, 7]


def test_the_slug_is_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "Tea House.zh.yaml"
    path.write_text(BOOK + "cast: {narrator: tone/low}\n" + lines("x"), encoding="utf-8")
    assert read_script(path).slug == "tea-house-zh"
