"""`fullcast top` on a terminal of its own, beside a run that goes on."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEVER = r"(?!)"


def on_a_terminal(arguments, folder, until, limit_s=60.0):
    """What a command showed on a terminal of 120 x 30 until a pattern appeared, as a screen; and its status.

    Ctrl-C ends it if it has not ended by then.
    """
    pyte = pytest.importorskip("pyte")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli.main", *arguments],
        stdin=slave, stdout=slave, stderr=slave, cwd=folder, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(slave)
    screen = pyte.Screen(120, 30)
    stream = pyte.ByteStream(screen)
    seen, end_s = "", time.monotonic() + limit_s
    while time.monotonic() < end_s:
        if select.select([master], [], [], 0.2)[0]:
            try:
                stream.feed(os.read(master, 65536))
            except OSError:
                break
            seen = "\n".join(screen.display)
            if re.search(until, seen):
                break
    if process.poll() is None:
        os.write(master, b"\x03")
    status = process.wait(timeout=30)
    os.close(master)
    return seen, status


def test_after_a_run_it_shows_what_it_was_and_ends(rendered):
    shown, status = on_a_terminal(["top", "--store", str(rendered.folder / "store")], rendered.folder, NEVER)
    assert status == 0
    assert re.search(r"tones: \d+/\d+ lines, \d+ s of audio, 1 loads, done", shown), shown
    assert re.search(r"0 +│ speaking tone@1", shown), shown


@pytest.mark.slow
def test_beside_a_run_it_shows_lines_as_they_are_spoken_and_ctrl_c_ends_it_alone(desk):
    desk.edit("It was a quiet", "tone-slow " * 3 + "It was a quiet")
    slow = "\n\n".join(f"Bob: This is tone-slow line number {n} of the book." for n in range(200))
    desk.script.write_text(desk.script.read_text() + "\n\n" + slow + "\n")
    run = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli.main", "render", str(desk.script), "--local",
         "--store", str(desk.folder / "store"), "-o", str(desk.folder / "out")],
        cwd=desk.folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        log = desk.folder / "store" / "runs" / "tones.events.jsonl"
        end_s = time.monotonic() + 60
        while not log.exists() and time.monotonic() < end_s:
            time.sleep(0.1)
        shown, status = on_a_terminal(
            ["top", str(desk.script), "--store", str(desk.folder / "store"), "--every", "0.2"],
            desk.folder, r"tones: [1-9]\d*/\d+ lines.*left",
        )  # fmt: skip
        assert re.search(r"tones: [1-9]\d*/\d+ lines.*x real time.*left", shown), shown
        assert "speaking tone@1" in shown
        assert status == 130
        assert run.poll() is None
    finally:
        run.kill()
        run.wait()


def test_on_a_pipe_it_prints_how_it_stands_and_ends(rendered, capsys):
    assert rendered.store("top", str(rendered.script)) == 0
    assert "tones: " in capsys.readouterr().out


def test_without_a_run_it_says_so(desk, capsys):
    assert desk.store("top") == 4
    assert "no run was logged" in capsys.readouterr().err
