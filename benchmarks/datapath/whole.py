"""The whole way of a frame, against the floor and the peers."""

import asyncio
from collections.abc import Iterator

from benchmarks.harness import Contender, Effort
from benchmarks.results import Row, at_least

from .floor import copying_alone
from .ours import whole_model, with_pass_through
from .peers import HAND_OFF, PEERS
from .samples import race_frames

__all__ = ["whole"]

_FLOOR = "copying alone"
_GOALS = {
    _FLOOR: at_least(0.25, 0.5),
    HAND_OFF: at_least(3),
    "asyncio.Queue of 256 frames": None,
    "asyncio.Queue of lists of 32": None,
    "anyio memory stream": at_least(50),
}


def whole(effort: Effort) -> Iterator[Row]:
    """The whole model."""
    contenders = (
        Contender("ours", whole_model),
        Contender("through", with_pass_through),
        Contender(_FLOOR, copying_alone),
        *PEERS,
    )
    turns = asyncio.run(race_frames(contenders, effort))
    for peer, goal in _GOALS.items():
        yield turns.speed("a frame through the whole model", "ours", peer, goal)
    yield turns.cost("the same with a pass-through driver", "through", "ours", None)
