import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.engines.piper import process as process_module
from pipeline.engines.piper.process import PiperProcess, Sentence
from pipeline.errors import EngineError, LineError, MissingError

STAND_IN = Path(__file__).with_name("piper_stand_in.py")
Start = Callable[..., PiperProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the stand-in; what it was started for stands in `tmp_path`."""
    made: list[PiperProcess] = []

    def make(model: str = "voice.onnx") -> PiperProcess:
        command = [sys.executable, str(STAND_IN), str(tmp_path)]
        made.append(PiperProcess(command, Path(model), Path("voice.json"), 1))
        return made[-1]

    yield make
    for process in made:
        process.close()


def sentence(text: str) -> Sentence:
    return Sentence(text, 1, None, (0.6, 1.0, 0.8))


def is_running(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_sound_comes_as_it_was_sent(start: Start) -> None:
    samples, phonemes = start().speak(sentence("Good morning."))
    assert (samples.tolist(), phonemes) == ([0.5] * 800, "a")


def test_a_child_that_dies_is_started_again_and_the_line_is_said(start: Start, tmp_path: Path) -> None:
    process = start()
    assert process.speak(sentence("die once"))[0].size == 800
    assert len(list(tmp_path.glob("start-*"))) == 2


def test_a_child_killed_between_two_lines_is_started_again(start: Start) -> None:
    process = start()
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert process.speak(sentence("Hello."))[0].size == 800
    assert process.pid != first


def test_a_line_that_kills_the_child_twice_is_an_error_and_the_next_one_is_said(start: Start) -> None:
    process = start()
    with pytest.raises(LineError, match=r"dies on it \(exit status 134, free\(\): invalid pointer\)"):
        process.speak(sentence("die always"))
    assert process.speak(sentence("Hello."))[0].size == 800


@pytest.mark.parametrize("text", ["half", "babble"])
def test_an_answer_that_breaks_the_protocol_counts_as_a_death(
    start: Start, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "CLOSE_LIMIT_S", 0.3)
    with pytest.raises(LineError, match="dies on it"):
        start().speak(sentence(text))


def test_a_child_that_hangs_is_ended(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "SPEAK_LIMIT_S", 0.3)
    monkeypatch.setattr(process_module, "SPEAK_LIMIT_S_PER_CHARACTER", 0.0)
    process = start()
    first = process.pid
    with pytest.raises(LineError, match="no answer within 0 s"):
        process.speak(sentence("hang"))
    assert not is_running(first)


def test_what_the_child_refuses_is_an_error_of_the_line_and_the_child_lives_on(start: Start) -> None:
    process = start()
    first = process.pid
    with pytest.raises(LineError, match="piper cannot say it: ValueError: no such thing"):
        process.speak(sentence("refuse"))
    process.speak(sentence("Hello."))
    assert process.pid == first


def test_a_child_that_does_not_start_says_its_last_words(start: Start) -> None:
    with pytest.raises(EngineError, match="exit status 3, the library is not for this processor"):
        start("no-start.onnx")


def test_a_child_that_cannot_be_started_again_ends_the_engine(start: Start) -> None:
    process = start("second-start-fails.onnx")
    with pytest.raises(EngineError, match="exit status 4"):
        process.speak(sentence("die always"))


def test_an_interpreter_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(MissingError) as caught:
        PiperProcess(["/nowhere/python"], Path("voice.onnx"), Path("voice.json"), 1)
    assert str(caught.value) == (
        "/nowhere/python: engine piper finds no piper-tts: No such file or directory; run: pip install "
        "'fullcast[piper]', or set FULLCAST_PIPER_PYTHON to a Python that has it"
    )


def test_an_interpreter_without_piper_says_what_to_do() -> None:
    """`-S` hides what is installed: the real child, in an interpreter that has nothing."""
    with pytest.raises(
        MissingError, match=r"finds no piper-tts: No module named.*pip install 'fullcast\[piper\]'"
    ):
        PiperProcess([sys.executable, "-I", "-S"], Path("voice.onnx"), Path("voice.json"), 1)


def test_closing_ends_the_child_and_may_be_done_twice(start: Start) -> None:
    process = start()
    first = process.pid
    process.close()
    process.close()
    assert (process.pid, is_running(first)) == (None, False)


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, os, signal\nfrom pathlib import Path\n"
        "from pipeline.engines.piper.process import PiperProcess\n"
        f"child = PiperProcess([sys.executable, {str(STAND_IN)!r}, sys.argv[1]], Path('v'), Path('c'), 1)\n"
        "print(child.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True, timeout=60
    )
    child = int(done.stdout)
    for _ in range(100):
        if not is_running(child):
            break
        signal.sigtimedwait([], 0.05)
    assert not is_running(child)
