"""Prints the README's two commands, one a line, so that CI runs the very letters that people copy.

They are the lines that begin with `$ ` in the README's first console block.
"""

from pathlib import Path


def commands(readme: str) -> list[str]:
    """The commands of the first ```console block."""
    block = readme.split("```console\n", 1)[1].split("```", 1)[0]
    return [line[2:] for line in block.splitlines() if line.startswith("$ ")]


if __name__ == "__main__":
    for command in commands((Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")):
        print(command)
