import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What the scripts import from one another lies beside them, as when they are run.
sys.path.insert(0, str(ROOT / "scripts" / "quality"))


@pytest.fixture(scope="session")
def alice() -> str:
    """The text of the plain-text novel in the corpus folder beside the checkout."""
    folder = Path(os.environ.get("FULLCAST_CORPUS", ROOT.parent / "shared" / "corpus"))
    book = folder / "books" / "alice-gutenberg-11.txt"
    if not book.exists():
        pytest.skip(f"no corpus at {folder}; FULLCAST_CORPUS names another folder")
    return book.read_text(encoding="utf-8-sig")
