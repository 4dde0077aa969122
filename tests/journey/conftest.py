import pytest
from journey_shelves import Shelf


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    """An empty shelf."""
    return Shelf(tmp_path)
