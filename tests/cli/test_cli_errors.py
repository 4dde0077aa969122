"""Every mistake a user can make is one clear line and the documented exit code, never a traceback."""

import os
import subprocess
import sys

import pytest


def fails(desk, capsys, code: int, *arguments: str) -> str:
    """What a failing command says on the error stream."""
    capsys.readouterr()
    assert desk.run(*arguments) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def render_fails(desk, capsys, code: int, *arguments: str) -> str:
    capsys.readouterr()
    assert desk.render(*arguments) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_an_unknown_voice_names_the_nearest(desk, capsys):
    desk.edit("narrator: tone/low", "narrator: kokoro/af_haert")
    said = render_fails(desk, capsys, 3)
    assert "tones.md:5" in said and "kokoro/af_heart" in said


def test_a_missing_script_is_one_line(desk, capsys):
    assert "nowhere.md" in fails(desk, capsys, 3, "render", str(desk.folder / "nowhere.md"), "--local")


def test_bad_yaml_names_file_and_line(desk, capsys):
    desk.edit("book: {title", "book: {{title")
    assert "tones.md:4: this is not YAML" in render_fails(desk, capsys, 3)


def test_an_undeclared_character_names_the_nearest(desk, capsys):
    desk.edit("Ann (sad, 0.7):", "Anne (sad, 0.7):")
    said = render_fails(desk, capsys, 3)
    assert "tones.md:13" in said and "'Ann'" in said


def test_check_reports_all_problems_at_once(desk, capsys):
    desk.edit("Ann (sad, 0.7):", "Ann (sda, 0.7):")
    desk.edit("narrator: tone/low", "narrator: tone/lwo")
    said = fails(desk, capsys, 3, "check", str(desk.script))
    assert "'sad'" in said and "tone/low" in said and "2 problems" in said


def test_an_unwritable_output_is_found_before_anything_is_rendered(desk, capsys):
    blocker = desk.folder / "out"
    blocker.write_text("a file stands here")
    said = render_fails(desk, capsys, 5)
    assert str(blocker) in said
    assert not list((desk.folder / "store").rglob("*.flac"))


def test_a_store_that_is_a_file_is_one_line(desk, capsys):
    (desk.folder / "store").write_text("a file stands here")
    assert "store" in render_fails(desk, capsys, 5)


@pytest.mark.slow
def test_a_full_disk_stops_with_one_line_and_keeps_what_was_rendered(desk, tmp_path):
    """A limit on file size stands for the full disk: the write of a longer take is refused."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    desk.edit("It was a quiet morning", "It was a very, very long and quiet morning " + "by the sea " * 40)
    command = [sys.executable, "-m", "pipeline.cli.main", "render", str(desk.script), "--local"]
    command += ["--store", str(tmp_path / "store"), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, timeout=120)
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr and "cannot write" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--device", "cuda"], "no CUDA device"),
        (["--address", "127.0.0.1:1"], "cannot reach Ray at 127.0.0.1:1"),
    ],
)
def test_what_is_not_there_exits_with_4(desk, capsys, arguments, expected):
    if "cuda" in arguments and os.path.exists("/dev/nvidia0"):  # noqa: PTH110
        arguments, expected = ["--address", "127.0.0.1:1"], "cannot reach Ray"
    code = desk.run(
        "render",
        str(desk.script),
        "--store",
        str(desk.folder / "s"),
        "-o",
        str(desk.folder / "o"),
        *arguments,
    )
    said = capsys.readouterr().err
    assert code == 4 and expected in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--memory", "lots"], "'lots' is no size"),
        (["--workers", "0"], "must be at least 1"),
        (["--chapter", "Tow"], "did you mean 'Two'?"),
        (["--only", "Bop"], "did you mean 'Bob'?"),
        (["--limit", "-1"], "must be 0 or more"),
        (["--preset", "loud"], "'loud' is not one of"),
    ],
)
def test_a_wrong_option_exits_with_2_and_says_what_to_write(desk, capsys, arguments, expected):
    if arguments[0] == "--workers":
        code = desk.run("render", str(desk.script), "--store", str(desk.folder / "s"),
                        "-o", str(desk.folder / "o"), *arguments)  # fmt: skip
        said = capsys.readouterr().err
        assert code == 2 and expected in said
    else:
        assert expected in render_fails(desk, capsys, 2, *arguments)


def test_a_mistyped_command_names_the_nearest(desk, capsys):
    assert "did you mean 'render'?" in fails(desk, capsys, 2, "rendre")


def test_weights_with_no_source_in_reach_say_what_was_tried_and_how_to_bring_them(desk, tmp_path):
    desk.edit("narrator: tone/low", "narrator: kokoro/af_heart")
    environment = {
        **os.environ,
        "FULLCAST_CACHE": str(tmp_path / "empty"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PATH": str(tmp_path),
    }
    command = [sys.executable, "-m", "pipeline.cli.main", "render", str(desk.script), "--local"]
    command += ["--store", str(tmp_path / "store"), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert "kokoro@1.0" in last and "hub" in last and "models fetch --from" in last


def test_damaged_weights_are_refused_by_hash(tmp_path):
    """The cache's own check: tests/registry holds the details; here the exit code and the line."""
    bogus = tmp_path / "weights.onnx"
    bogus.write_bytes(b"not the weights")
    environment = {**os.environ, "FULLCAST_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "pipeline.cli.main", "models", "fetch", "--from", str(bogus)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert done.returncode == 2
    assert "weights.onnx" in done.stderr and "Traceback" not in done.stderr


BROKEN = """registry: 1
models:
  - id: tone@broken
    version: broken
    languages: ["*"]
    parameters: {overtone_db: -6.0, load_error: its server does not answer}
"""


def test_a_book_whose_only_engine_cannot_start_ends_with_4_and_its_reason_once(desk, capsys):
    (desk.script.parent / "fullcast.registry.yaml").write_text(BROKEN)
    desk.edit("narrator: tone/low", "narrator: {voice: tone/low, model: tone@broken}")
    desk.edit("{voice: tone/mid, rate: 0.9}", "{voice: tone/mid, model: tone@broken}")
    desk.edit("{voice: tone/high, emotion: happy}", "{voice: tone/high, model: tone@broken}")
    last = render_fails(desk, capsys, 4).splitlines()[-1]
    assert "none of 10 lines could be spoken: its server does not answer" in last


def test_lines_that_one_engine_cannot_speak_are_one_row_of_the_table_with_their_number(desk, capsys):
    (desk.script.parent / "fullcast.registry.yaml").write_text(BROKEN)
    desk.edit("narrator: tone/low", "narrator: {voice: tone/low, model: tone@broken}")
    assert desk.render() == 1
    shown = capsys.readouterr().out
    rows = [row for row in shown.splitlines() if "its server does not answer" in row]
    assert len(rows) == 1 and rows[0].lstrip().startswith("5 lines (")
