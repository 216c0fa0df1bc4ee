"""Telling a probe of a call, and being refused."""

import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, RuleViolation
from asyncndis.ndis.watched import Refusable, Watched


class Diary(Probe):
    """Notes what it is told; refuses, or has the environment refuse, what a test says."""

    def __init__(self, *, forbids: bool = False, fails: bool = False) -> None:
        self.told: list[tuple[object, ...]] = []
        self.forbids = forbids
        self.is_poor = fails

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        self.told.append(("before", operation, subject, *arguments))
        if self.forbids:
            raise RuleViolation("IRQL-01", "not here", subject)

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        self.told.append(("after", operation, subject, *arguments))

    def fails(self, operation: str, subject: object) -> bool:
        self.told.append(("fails", operation, subject))
        return self.is_poor


BEFORE, AFTER = ("before", "NdisSend", "binding", 1), ("after", "NdisSend", "binding", 1)
FAILS = ("fails", "NdisSend", "binding")


def test_a_call_is_told() -> None:
    diary = Diary()
    with Watched(diary, "NdisSend", "binding", 1):
        assert diary.told == [BEFORE]
    assert diary.told == [BEFORE, AFTER]


def test_a_call_that_goes_wrong_did_not_happen() -> None:
    diary = Diary()
    with pytest.raises(ZeroDivisionError), Watched(diary, "NdisSend", "binding", 1):
        raise ZeroDivisionError
    assert diary.told == [BEFORE]


def test_a_call_that_is_forbidden_is_not_made() -> None:
    diary = Diary(forbids=True)
    with pytest.raises(RuleViolation), Refusable(diary, "NdisSend", "binding", 1):
        pytest.fail("it was made")
    assert diary.told == [BEFORE]


def test_a_call_for_which_there_are_no_resources() -> None:
    diary = Diary(fails=True)
    refused = pytest.raises(NdisError, match="NdisSend: there are no resources for that now")
    with refused as error, Refusable(diary, "NdisSend", "binding", 1):
        pytest.fail("it was made")
    assert error.value.status is NdisStatus.RESOURCES
    assert diary.told == [BEFORE, FAILS]


def test_a_call_for_which_there_are() -> None:
    diary = Diary()
    with Refusable(diary, "NdisSend", "binding", 1):
        pass
    assert diary.told == [BEFORE, FAILS, AFTER]


@pytest.mark.parametrize("kind", [Watched, Refusable])
def test_without_a_probe_nothing_happens(kind: type[Watched]) -> None:
    with kind(None, "NdisSend", "binding"):
        pass
