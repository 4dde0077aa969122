"""A render sent to a real Ray cluster as a job, followed, stopped and sent again; and its figures."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from cli_books import BOOK

from pipeline.cli.main import run
from pipeline.cli.submit import common_folder, render_command
from pipeline.errors import UsageError
from pipeline.render.jobs import url_of
from pipeline.render.measures import MEASURES

ROOT = Path(__file__).parents[2]
PORTS = (
    "port",
    "dashboard-port",
    "dashboard-agent-listen-port",
    "metrics-export-port",
    "ray-client-server-port",
)


def until(look, limit_s=90.0):
    """What `look` finds, as soon as it finds something."""
    end_s = time.monotonic() + limit_s
    while time.monotonic() < end_s:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError("it did not come")


@pytest.fixture(scope="module")
def cluster():
    """The addresses of a cluster's job server and exporter; it has ports and a folder of its own."""
    pytest.importorskip("opencensus", reason="the extra `cluster` is not installed")
    venv = Path(sys.executable).parent
    # Ray's sockets lie in it, and their paths must be short.
    folder = tempfile.mkdtemp(prefix="fcj", dir="/tmp")
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    options = [f"--{name}={port}" for name, port in ports.items()]
    process = subprocess.Popen(
        [str(venv / "ray"), "start", "--head", "--block", "--num-cpus=3", f"--temp-dir={folder}",
         "--object-store-memory=100000000", "--disable-usage-stats", "--include-dashboard=true", *options],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{venv}{os.pathsep}{os.environ['PATH']}",
             # Whoever runs the tests may have a token or none; figures come every second instead of ten.
             "RAY_AUTH_MODE": "disabled", "RAY_metrics_report_interval_ms": "1000"},
    )  # fmt: skip
    jobs = f"127.0.0.1:{ports['dashboard-port']}"
    try:
        until(lambda: process.poll() is not None or _read(f"http://{jobs}/api/version"))
        assert process.poll() is None, "the cluster did not start"
        yield {"jobs": jobs, "metrics": f"http://127.0.0.1:{ports['metrics-export-port']}/metrics"}
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_a_job_is_sent_followed_stopped_and_sent_again_and_its_figures_are_exported(cluster, tmp_path, capfd):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    slow = "\n\n".join(f"Bob: This is tone-slow line number {n} of the book." for n in range(150))
    (scripts / "tones.md").write_text(BOOK + "\n\n" + slow + "\n")
    address = ("--address", cluster["jobs"])
    send = (
        "submit", str(scripts / "tones.md"), *address, "--store", str(tmp_path / "store"),
        "-o", str(tmp_path / "books"),
    )  # fmt: skip

    # Sent, it runs without us; Prometheus can read how far it is.
    assert run([*send, "--render", "--workers 1"]) == 0
    job = capfd.readouterr().out.strip()
    exported = until(lambda: _exported(cluster, "ray_fullcast_takes_total"))
    for name in (
        "takes",
        "audio_seconds",
        "loads",
        "load_seconds",
        "queue_seconds",
        "workers",
        "resident_bytes",
    ):
        assert MEASURES[f"fullcast_{name}"].exported() in exported, exported
    assert re.search(r'ray_fullcast_takes_total\{[^}]*run="tones"[^}]*\} [1-9]', exported)

    assert run(["status", job, *address]) == 0
    assert f"{job}  running" in capfd.readouterr().out
    assert run(["cancel", job, *address]) == 0
    until(lambda: run(["status", job, *address]) == 0 and "stopped" in capfd.readouterr().out)
    takes = len(list((tmp_path / "store").rglob("*.flac")))
    assert takes > 0
    assert run(["cancel", job, *address]) == 2
    assert "is not running (STOPPED)" in capfd.readouterr().err

    # Sent again it goes on where it was, and what it says comes here.
    assert run([*send, "--follow", "--render", "--limit 3 --workers 1"]) == 0
    said = capfd.readouterr().out
    assert "to render" in said
    assert (tmp_path / "books" / "tones" / "report.json").exists()
    assert run(["status", *address]) == 0
    listed = capfd.readouterr().out
    assert listed.count("tones.md") == 2 and "succeeded, exit code 0" in listed


@pytest.mark.slow
def test_a_job_that_fails_ends_with_the_renders_exit_code_and_its_words(cluster, tmp_path, capfd):
    script = tmp_path / "wrong.md"
    script.write_text(BOOK.replace("Bob: So", "Bbo: So"))
    sent = run(
        ["submit", str(script), "--address", cluster["jobs"], "--in-place", "--follow",
         "--store", str(tmp_path / "store"), "-o", str(tmp_path / "out")]
    )  # fmt: skip
    shown = capfd.readouterr()
    assert sent == 3
    assert f"{script}:" in shown.out and "Bbo" in shown.out
    job = shown.out.split()[0]
    assert run(["logs", job, "--address", cluster["jobs"]]) == 0
    assert "Bbo" in capfd.readouterr().out
    assert run(["logs", "no-such-job", "--address", cluster["jobs"]]) == 2
    assert "no such job" in capfd.readouterr().err


def test_where_no_job_server_answers_is_said_in_one_line(capsys):
    assert run(["status", "--address", "127.0.0.1:1"]) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "http://127.0.0.1:1" in said


def test_a_store_that_would_be_gone_with_the_job_is_refused(tmp_path, capsys):
    (tmp_path / "a.md").write_text(BOOK)
    assert run(["submit", str(tmp_path / "a.md"), "--address", "x", "--store", "store", "-o", "/books"]) == 2
    assert "--store store: a job's own folder is gone when it ends" in capsys.readouterr().err


def test_the_command_of_a_job_is_quoted_and_files_keep_their_places(tmp_path):
    files = [tmp_path / "one" / "a b.md", tmp_path / "two" / "c.md"]
    assert common_folder(files) == tmp_path
    assert render_command(["one/a b.md"], "s3://b/p", "/books", "--workers 4").endswith(
        "render 'one/a b.md' --address auto --store s3://b/p --output /books --workers 4"
    )
    with pytest.raises(UsageError, match="No closing quotation"):
        render_command(["a.md"], "/s", "/b", "'")


@pytest.mark.parametrize(
    ("written", "url"),
    [("head", "http://head:8265"), ("head:1", "http://head:1"), ("https://x/y/", "https://x/y")],
)
def test_an_address_may_leave_out_what_is_the_same_everywhere(written, url):
    assert url_of(written) == url


def _exported(cluster, name):
    """What the exporter says of fullcast, once it says `name`."""
    rows = [row for row in _read(cluster["metrics"]).splitlines() if row.startswith("ray_fullcast")]
    return "\n".join(rows) if any(row.startswith(name) for row in rows) else ""


def _read(url):
    """What a server answers; nothing while it does not."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def free_ports(count):
    """Ports that nobody listens on, all different."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
