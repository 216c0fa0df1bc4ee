"""What tests of the verifier need besides the loops."""

import pytest
from blockbuster import BlockBuster


@pytest.fixture
def may_ask_where_it_is(no_blocking: BlockBuster) -> None:
    """A leak is logged with its lines, and those are told relative to the working folder."""
    no_blocking.functions["os.getcwd"].deactivate()
