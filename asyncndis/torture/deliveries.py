"""What is under way in the network in memory, and in which order it arrives.

Whatever one side does (connect, write, end, close) is under way until it arrives at the other, in a step of the event
loop. Among all that is under way the loop chooses; within one direction of a connection the order is kept, because a
connection has at most one thing under way in each direction. How much arrives at once is a choice, too.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Protocol

from .bookkeeping import mark_step

__all__ = ["Choose", "Deliveries", "Delivery"]

Choose = Callable[[str, int], int]
"""Answers a named choice among so many options; 0 is what a plain network does."""


class Delivery(Protocol):
    """Something that is under way; as text, what arrived last."""

    def arrive(self) -> None:
        """Do what happens on the other side."""
        ...


class Deliveries:
    """What is under way in one run.

    :param loop: gives each arrival a step
    :param choose: says which one arrives, and how much of it
    :param note: hears what has arrived
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, choose: Choose, note: Callable[[Delivery], object]) -> None:
        self.loop = loop
        self.choose = choose
        self._note = note
        self._under_way: list[Delivery] = []
        self._context: Context = copy_context()  # arrivals are nobody's, whoever sent
        self._is_over = False

    def send(self, delivery: Delivery) -> None:
        """Put something under way."""
        if not self._is_over:
            self._under_way.append(delivery)
            self.soon(self.deliver)

    def soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call something in a step of its own."""
        if not self._is_over:
            self.loop.call_soon(callback, *arguments, context=self._context)

    def stop(self) -> None:
        """Let nothing arrive any more: the run is over, and what is collected later must not disturb the next one."""
        self._is_over = True
        self._under_way.clear()

    def withdraw(self, delivery: Delivery) -> None:
        """Let something not arrive after all; nothing happens if it is not under way."""
        if delivery in self._under_way:
            self._under_way.remove(delivery)

    def deliver(self) -> None:
        """Let one of them arrive; there may be none left, if something was withdrawn."""
        count = len(self._under_way)
        if count:
            chosen = self.choose("what arrives next", count) if count > 1 else 0
            delivery = self._under_way.pop(chosen)
            delivery.arrive()
            self._note(delivery)

    mark_step(deliver)
