import numpy as np
import pytest
from emotivoice_standin import add_models, write

from pipeline.engines.emotivoice.compare import STAGES, compare, likeness_db, main
from pipeline.engines.emotivoice.settings import Settings
from pipeline.errors import EngineError, LineError


def test_the_checkouts_own_models_are_run_beside_ours(own_standin, tmp_path, monkeypatch, capsys):
    add_models(own_standin)
    monkeypatch.setenv("FULLCAST_EMOTIVOICE", str(own_standin))
    monkeypatch.setenv("FULLCAST_CACHE", str(tmp_path))
    assert main(["我来到北京"]) == 0
    said = capsys.readouterr().out.split()
    assert said[::3][: len(STAGES)] == list(STAGES) and said[-1] == "alike"


def test_models_that_say_something_else_are_not_alike(own_standin, tmp_path):
    add_models(own_standin)
    path = own_standin / "models/prompt_tts_modified/jets.py"
    path.write_text(
        path.read_text(encoding="utf-8").replace("LOUDER = 1.0", "LOUDER = 1.01"), encoding="utf-8"
    )
    found = compare(Settings(home=own_standin), tmp_path, "我来到北京", "9017", "悲伤")
    assert not found.alike
    assert found.stages["mel"] > 100 and found.stages["wave"] == pytest.approx(40.1, abs=0.1)


def test_models_that_cannot_be_run_are_told_with_their_words(own_standin, tmp_path):
    add_models(own_standin)
    write(own_standin / "transformers.py", "raise ImportError('no transformers today')\n")
    with pytest.raises(EngineError, match="cannot be run: ImportError: no transformers today"):
        compare(Settings(home=own_standin), tmp_path, "我", "8051", "")
    with pytest.raises(LineError, match="no voice 'nobody'"):
        compare(Settings(home=own_standin), tmp_path, "我", "nobody", "")


def test_likeness_is_the_signal_over_the_difference():
    one = np.array([3.0, 4.0])
    assert likeness_db(one, one) == np.inf
    assert likeness_db(one, one * 1.1) == pytest.approx(20.0)
    assert likeness_db(one, np.ones(3)) == -np.inf
