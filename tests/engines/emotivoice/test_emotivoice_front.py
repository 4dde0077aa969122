import os
import subprocess
import sys

import psutil
import pytest
from emotivoice_standin import write

from pipeline.engines.emotivoice.checkout import Checkout
from pipeline.engines.emotivoice.front import FrontEnd
from pipeline.engines.emotivoice.settings import Settings
from pipeline.errors import EngineError, LineError, MissingError


@pytest.fixture(scope="module")
def front(checkout, tmp_path_factory):
    """The stand-in's front end in a process of its own."""
    made = FrontEnd(checkout, None, tmp_path_factory.mktemp("front"))
    yield made
    made.close()


@pytest.fixture
def front_of(tmp_path):
    """Makes front ends that end with the test."""
    made = []

    def make(home, python=None):
        made.append(FrontEnd(Checkout.of(Settings(home=home)), python, tmp_path / "scratch"))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_chinese_english_and_mixed_text_become_phonemes(front):
    assert front.pronounce("Hello, lamp.").tokens == (
        "<sos/eos>", "[H]", "[E]", "[L]", "[O]", "engsp4", "[L]", "[A]", "[M]", "[P]", "<sos/eos>",
    )  # fmt: skip
    assert front.pronounce("我,来").tokens == ("<sos/eos>", "zh105", "sp3", "zh69", "<sos/eos>")
    mixed = front.pronounce("我 Lamp").tokens
    assert mixed[1] == "zh105" and mixed[-2] == "[P]"


def test_the_checkouts_own_modules_are_used_and_not_installed_ones_of_their_name(front):
    """The stand-in's `cn2an` holds what no installed one has; the environment has another `cn2an`."""
    import importlib.util

    assert importlib.util.find_spec("cn2an") is not None
    assert front.pronounce("我").is_sounded


def test_punctuation_alone_is_no_sound_and_foreign_letters_are_an_error(front):
    assert not front.pronounce("……").is_sounded
    with pytest.raises(LineError, match="nothing of 'カナ' is either"):
        front.pronounce("カナ")
    assert front.pronounce("我カ").warnings == ("EmotiVoice cannot say 'カ': left out",)


def test_a_text_that_the_front_end_chokes_on_is_that_lines_fault(front):
    with pytest.raises(LineError, match="cannot read 'please stumble': ValueError: stumbled"):
        front.pronounce("please stumble")
    assert front.pronounce("Hello").is_sounded


def test_a_front_end_that_dies_is_started_again_for_the_next_line(front):
    with pytest.raises(LineError, match="stopped at 'vanish'"):
        front.pronounce("vanish")
    assert front.pronounce("Hello").is_sounded


def test_a_package_that_the_checkout_needs_is_named(own_standin, front_of):
    write(own_standin / "frontend_cn.py", "import a_package_that_is_nowhere\n")
    with pytest.raises(MissingError, match="needs the Python package 'a_package_that_is_nowhere'") as caught:
        front_of(own_standin).start()
    assert "FULLCAST_EMOTIVOICE_PYTHON" in str(caught.value) and sys.executable in str(caught.value)


def test_missing_data_of_nltk_is_named_and_not_fetched(own_standin, front_of):
    write(
        own_standin / "nltk.py",
        "def download(name):\n    raise AssertionError('the network was asked')\n",
    )
    source = (own_standin / "frontend_en.py").read_text(encoding="utf-8")
    write(own_standin / "frontend_en.py", "import nltk\nnltk.download('cmudict')\n" + source)
    with pytest.raises(MissingError, match="NLTK data 'cmudict' is not on this machine"):
        front_of(own_standin).start()


def test_modules_that_fail_otherwise_are_told_with_their_words(own_standin, front_of):
    write(own_standin / "frontend.py", "raise RuntimeError('not today')\n")
    with pytest.raises(EngineError, match="did not start: RuntimeError: not today"):
        front_of(own_standin).start()
    write(
        own_standin / "frontend.py",
        "import os, sys\nsys.stderr.write('fell over')\nsys.stderr.flush()\nos._exit(9)\n",
    )
    with pytest.raises(EngineError, match="did not start: fell over"):
        front_of(own_standin).start()


def test_a_python_that_is_not_there_is_told(standin, front_of):
    with pytest.raises(MissingError, match="cannot run '/nowhere/python'"):
        front_of(standin, "/nowhere/python").start()


def test_the_child_sees_no_other_packages_first_no_secrets_and_no_network(own_standin, front_of, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("FULLCAST_OPENAI_API_KEY", "a secret")
    write(
        own_standin / "frontend_cn.py",
        "import os, sys\n"
        "names = ('PYTHONPATH', 'FULLCAST_OPENAI_API_KEY', 'HF_HUB_OFFLINE')\n"
        "seen = [*map(os.environ.get, names), os.getcwd(), sys.path[0]]\n"
        "ours = [each for each in sys.path if each.endswith('emotivoice') and 'engines' in each]\n"
        "def read_chinese(text):\n    raise ValueError(repr((seen, ours)))\n",
    )
    with pytest.raises(LineError) as caught:
        front_of(own_standin).pronounce("我")
    home = str(own_standin)
    assert repr(([None, None, "1", home, home], [])) in str(caught.value)


def test_a_worker_that_is_killed_leaves_no_front_end_behind(standin, tmp_path):
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from pipeline.engines.emotivoice.checkout import Checkout\n"
        "from pipeline.engines.emotivoice.front import FrontEnd\n"
        "from pipeline.engines.emotivoice.settings import Settings\n"
        "front = FrontEnd(Checkout.of(Settings(home=Path(sys.argv[1]))), None, Path(sys.argv[2]))\n"
        "front.start()\n"
        "print(front._child._process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(standin), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert worker.stdout is not None
        child = psutil.Process(int(worker.stdout.readline()))
    finally:
        worker.kill()
        worker.communicate()
    gone, _ = psutil.wait_procs([child], timeout=60)
    assert gone or child.status() == psutil.STATUS_ZOMBIE


def test_closing_ends_the_child_and_may_be_done_twice(checkout, tmp_path):
    made = FrontEnd(checkout, None, tmp_path)
    made.start()
    assert made._child is not None
    process = made._child._process
    made.close()
    made.close()
    assert process.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
