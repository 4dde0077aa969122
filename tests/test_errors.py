"""Errors cross processes, and say what is wrong in one line."""

import pickle

import pytest

from pipeline import errors
from pipeline.errors import FullcastError, Problem, ScriptError, did_you_mean, nearest


def every_class(base=FullcastError):
    for child in base.__subclasses__():
        yield child
        yield from every_class(child)


@pytest.mark.parametrize("kind", sorted(set(every_class()), key=lambda kind: kind.__name__))
def test_every_error_survives_the_way_through_pickle(kind):
    if kind is ScriptError:
        error = ScriptError([Problem("book.md", 3, "no character 'Dela'", "did you mean 'Della'?")])
    else:
        error = kind("it is wrong", "book.md:3", "mend it")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error)
    assert back.exit_code == error.exit_code


def test_an_error_is_one_line_with_place_and_hint():
    assert str(FullcastError("no voice 'x'", "book.md:4", "did you mean 'y'?")) == (
        "book.md:4: no voice 'x'; did you mean 'y'?"
    )


def test_a_script_error_says_all_problems():
    problems = [Problem("a.md", 1, "first"), Problem("a.md", 9, "second", warning=True)]
    assert str(ScriptError(problems)) == "a.md:1: first\na.md:9: warning: second"


def test_exit_codes_are_the_documented_ones():
    documented = {1, 2, 3, 4, 5, 6, 7}
    assert {kind.exit_code for kind in every_class() if kind.__module__ == errors.__name__} == documented


def test_the_nearest_name_ignores_case_and_gives_up_on_strangers():
    assert nearest("dela", ["Della", "Jim"]) == "Della"
    assert nearest("zzz", ["Della", "Jim"]) is None
    assert did_you_mean("zzz", ["Jim", "Della"]) == "there are: Della, Jim"
