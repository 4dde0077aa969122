"""What a run measured is known to the next; a lost history costs words, never takes."""

import logging

from pipeline.render.history import History, read_history
from pipeline.render.run import ModelTimes


def test_the_next_run_knows_each_models_own_speed_and_load():
    before = History(speeds={"slow": 1.0, "other": 9.0}, loads={"slow": 8.0})
    after = before.after({"slow": ModelTimes(30.0, 20.0, 4.0), "fast": ModelTimes(300.0, 3.0, 0.5)})
    assert after.speeds == {"slow": 1.5, "fast": 100.0, "other": 9.0}
    assert after.loads == {"slow": 4.0, "fast": 0.5}


def test_a_run_too_short_to_tell_a_speed_from_changes_none():
    before = History(speeds={"slow": 1.0}, loads={"slow": 8.0})
    assert before.after({"slow": ModelTimes(audio_s=9.0, render_s=0.5)}) == before


def test_a_history_that_cannot_be_read_is_an_empty_one_with_a_warning(tmp_path, caplog):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "book.json").write_text("{ no", "utf-8")
    with caplog.at_level(logging.WARNING):
        assert read_history(tmp_path, "book") == History()
    assert "the last run cannot be read" in caplog.text
    assert read_history(tmp_path, "another") == History()
