"""What scenarios look at again and again: values that should be others, computers that should hear each other.

The checks work also where ``assert`` does not (``python -O``), and their messages say what was seen.
"""

from asyncndis.base import NdisStatus
from asyncndis.nic import Dice

from .computers import Computer
from .invariants import CheckFailed
from .times import let_pass

__all__ = ["check_equal", "check_load", "check_that", "check_traffic"]

_SUCCESS = NdisStatus.SUCCESS
_SHORTEST, _LONGEST = 60, 1514


def check_that(what: str, truth: object) -> None:
    """Something is so. IRQL: any.

    :param what: in words, as a sentence
    :param truth: true or false
    :raises CheckFailed: where it is not
    """
    if not truth:
        raise CheckFailed(f"it is not so that {what}")


def check_equal(what: str, seen: object, wanted: object) -> None:
    """A value is what it should be. IRQL: any.

    :param what: what it is the value of
    :param seen: the value
    :param wanted: what it should be
    :raises CheckFailed: where it is another
    """
    if seen != wanted:
        raise CheckFailed(f"{what}: {seen!r}, and should be {wanted!r}")


async def check_traffic(sender: Computer, hearer: Computer, dice: Dice, count: int = 20) -> None:
    """Frames of any length arrive, each once, whole and in order. IRQL: PASSIVE.

    :param sender: at rest
    :param hearer: at rest, its receive ring not short of anything
    :param dice: what the lengths come from
    :param count: how many frames
    :raises CheckFailed: where they do not
    """
    heard = len(hearer.talker.heard)
    sent = sender.talker.outcomes[_SUCCESS]
    lengths = [_SHORTEST + dice.below("length", _LONGEST + 1 - _SHORTEST) for _ in range(count)]
    frames = [
        frame
        for number, length in enumerate(lengths)
        for frame in sender.frames_to(hearer, 1, first=number, length=length)
    ]
    check_equal("frames said", await sender.talker.say(frames), count)
    await let_pass(0.5)
    check_equal("frames sent", sender.talker.outcomes[_SUCCESS] - sent, count)
    check_that(f"{hearer.nic.name} heard what {sender.nic.name} said", hearer.talker.heard[heard:] == frames)


def check_load(sender: Computer, hearer: Computer, count: int, *, endings: frozenset[NdisStatus]) -> None:
    """A load of numbered frames is over: each send has ended once, and what was sent has arrived in order. IRQL: any.

    A send that was given up may have reached the wire before, so more may have arrived than have succeeded. A frame
    that came when the receive ring was full is lost, and counted.

    :param sender: whose talker has sent nothing but this
    :param hearer: whose talker has heard nothing but this; at rest, and never reset
    :param count: how many were sent
    :param endings: the statuses that may have occurred besides SUCCESS
    :raises CheckFailed: where it is otherwise
    """
    outcomes, numbers = sender.talker.outcomes, hearer.talker.numbers
    check_equal("sends that have ended", outcomes.total(), count)
    check_that(f"sends ended as they may: {outcomes}", set(outcomes) <= {_SUCCESS, *endings})
    check_equal("numbers heard", numbers, sorted(set(numbers)))
    lost = hearer.nic.statistics().rx_no_buffer
    arrived = len(numbers) + lost
    check_that(f"{outcomes} fits {len(numbers)} frames heard and {lost} lost", outcomes[_SUCCESS] <= arrived <= count)
