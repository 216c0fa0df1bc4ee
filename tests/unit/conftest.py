"""Nothing in the unit tier may block the loop: a blocking call by asyncndis fails its test."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def no_blocking() -> Iterator[BlockBuster]:
    with blockbuster_ctx("asyncndis") as guard:
        yield guard
