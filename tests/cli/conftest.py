import pytest
from cli_books import BOOK, Desk


@pytest.fixture
def desk(tmp_path) -> Desk:
    """A desk with the three-tone book, nothing rendered."""
    script = tmp_path / "tones.md"
    script.write_text(BOOK)
    return Desk(tmp_path, script)


@pytest.fixture
def rendered(desk, capsys) -> Desk:
    """A desk with the book rendered once."""
    assert desk.render() == 0
    capsys.readouterr()
    return desk
