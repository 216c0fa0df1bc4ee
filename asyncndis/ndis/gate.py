"""The gate of a miniport: how NDIS serializes its handlers.

Source: the pages on serialized and deserialized miniports. The handlers of a serialized miniport run one at a time: a
call that NDIS has to make while another handler runs, such as a send that a protocol starts in its receive handler,
is made when that one has returned. A deserialized miniport is called at once and locks for itself.
"""

from collections import deque
from collections.abc import Callable

__all__ = ["Gate"]


class Gate:
    """Lets calls into a miniport.

    :param serialized: whether one at a time
    """

    __slots__ = ("_waiting", "busy", "serialized")

    def __init__(self, *, serialized: bool) -> None:
        self.serialized = serialized
        self.busy = False
        self._waiting: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()

    def run(self, call: Callable[..., object], *arguments: object) -> bool:
        """Make a call now, or when the handler that runs has returned.

        :returns: whether it was made
        """
        if not self.serialized:
            call(*arguments)
            return True
        if self.busy:
            self._waiting.append((call, arguments))
            return False
        self.busy = True
        try:
            call(*arguments)
            while self._waiting:
                following, its_arguments = self._waiting.popleft()
                following(*its_arguments)
        finally:
            self.busy = False
        return True
