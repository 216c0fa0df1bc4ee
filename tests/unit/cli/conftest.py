"""The command line may block: it reads and writes files in its tasks, as the drivers below it never do."""

import pytest


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """In place of the guard of the unit tier."""
