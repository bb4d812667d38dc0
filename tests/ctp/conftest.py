"""What every test of CTP's package leaves behind is closed."""

from collections.abc import Iterator

import pytest

from tests.ctp import books


@pytest.fixture(autouse=True)
def closed_books() -> Iterator[None]:
    yield
    books.close_all()
