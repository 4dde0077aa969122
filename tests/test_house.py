"""The rooms of the house: who may import whom, and what must stay quick."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PIPELINE = Path(__file__).parent.parent / "pipeline"

# A room may import itself and what stands before it. Leaves are single files.
ORDER = [
    "errors", "direction", "hashing", "files", "audio", "levels", "events", "logs",
    "text", "engines", "identity", "registry", "script", "emotion", "cast", "takes", "plan",
    "render", "stitch", "publish", "reports", "journey", "game", "cli",
]  # fmt: skip
# Types only: a lexicon entry's place is the script's business, its use is the text's.
TYPES_ONLY = {("text", "script")}


# What engines may use beside leaves and their own folder.
SHARED_BY_ENGINES = ("pipeline.engines.base", "pipeline.engines.converted", "pipeline.engines.unpickling")


def imports_of(path: Path) -> set[tuple[str, bool]]:
    """Rooms of ours that a file imports, and whether only for type checking."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    found = set()
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("pipeline."):
                found.add((name.split(".")[1], id(node) in typing_only))
    return found


def test_data_flows_one_way_and_imports_point_up():
    wrong = []
    for path in sorted(PIPELINE.rglob("*.py")):
        parts = path.relative_to(PIPELINE).with_suffix("").parts
        room = parts[0]
        if room == "__init__":
            continue
        for other, typing_only in imports_of(path):
            if typing_only and (room, other) in TYPES_ONLY:
                continue
            if ORDER.index(other) > ORDER.index(room):
                wrong.append(f"{path.name} in {room} imports {other}")
    assert wrong == []


def test_engines_import_leaves_and_their_own_folder_only():
    wrong = []
    for path in sorted((PIPELINE / "engines").glob("*/*.py")):
        own = f"pipeline.engines.{path.parent.name}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pipeline.engines."):
                module = node.module or ""
                if not module.startswith(own) and module not in SHARED_BY_ENGINES:
                    wrong.append(f"{path}: {module}")
    assert wrong == []


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["check", "manifests/lighthouse.md"], ["voices"], ["game", "check", "manifests/game/unity"]],
)
def test_quick_commands_import_nothing_slow(arguments):
    code = (
        "import sys; from pipeline.cli.main import run; code = run(sys.argv[1:]);"
        "slow = {'torch', 'ray', 'numpy', 'av', 'spacy', 'misaki', 'torchaudio', 'onnx', 'huggingface_hub'};"
        "print(code, sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=PIPELINE.parent,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "0 []", done.stdout + done.stderr


def test_only_few_files_import_ray():
    imported = re.compile(r"^\s*(import|from) ray\b", re.MULTILINE)
    using = {
        path.name for path in PIPELINE.rglob("*.py") if imported.search(path.read_text(encoding="utf-8"))
    }
    assert using == {"actors.py", "cluster.py", "jobs.py", "metrics.py"}
