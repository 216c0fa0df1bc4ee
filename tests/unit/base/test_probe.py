"""A probe is heard before, asked for failure, told after; a chain of them acts as one."""

import pytest

from asyncndis.base import Probe, ProbeChain, RuleViolation, current_probe, observe


class Recorder(Probe):
    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[tuple[object, ...]] = []
        self._fails = fails

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        self.heard.append(("before", operation, subject, *arguments))

    def fails(self, operation: str, subject: object) -> bool:
        self.heard.append(("fails", operation, subject))
        return self._fails

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        self.heard.append(("after", operation, subject, *arguments))


class Refuser(Probe):
    def before(self, operation: str, subject: object, *arguments: object) -> None:
        raise RuleViolation("IRQL-01", f"{operation} is refused", subject)


class Scheduler(Probe):
    def __init__(self) -> None:
        self.preempt = give_way


async def give_way(_operation: str, _subject: object) -> None:
    """A scheduling point that nobody takes."""


def test_the_base_class_watches_nothing() -> None:
    probe = Probe()
    probe.before("NdisFreeBuffer", None, 1)
    probe.after("NdisFreeBuffer", None, 1)
    assert probe.fails("NdisAllocateBuffer", None) is False
    assert probe.preempt is None


def test_a_chain_tells_each_in_order() -> None:
    first, second = Recorder(), Recorder()
    chain = ProbeChain(first, second)
    chain.before("NdisAllocateBuffer", "pool", 3)
    assert chain.fails("NdisAllocateBuffer", "pool") is False
    chain.after("NdisAllocateBuffer", "pool", 3)
    assert first.heard == second.heard
    assert first.heard == [
        ("before", "NdisAllocateBuffer", "pool", 3),
        ("fails", "NdisAllocateBuffer", "pool"),
        ("after", "NdisAllocateBuffer", "pool", 3),
    ]


@pytest.mark.parametrize("answers", [(True, False), (False, True), (True, True)])
def test_one_that_fails_is_enough_and_each_is_asked(answers: tuple[bool, bool]) -> None:
    probes = [Recorder(fails=answer) for answer in answers]
    assert ProbeChain(*probes).fails("NdisAllocateBuffer", None) is True
    assert [len(probe.heard) for probe in probes] == [1, 1]


def test_the_first_that_refuses_decides() -> None:
    behind = Recorder()
    with pytest.raises(RuleViolation):
        ProbeChain(Refuser(), behind).before("NdisFreeBuffer", None)
    assert behind.heard == []


def test_a_chain_schedules_as_its_scheduler_does() -> None:
    assert ProbeChain(Probe(), Scheduler()).preempt is give_way
    assert ProbeChain(Probe(), Probe()).preempt is None


def test_two_schedulers_are_refused() -> None:
    with pytest.raises(ValueError, match="only one may have preempt"):
        ProbeChain(Scheduler(), Scheduler())


def test_a_context_has_its_probe_until_it_ends() -> None:
    probe = Probe()
    assert current_probe() is None
    with observe(probe) as inside:
        assert inside is probe
        assert current_probe() is probe
    assert current_probe() is None


def test_the_probe_goes_on_the_way_of_an_error_too() -> None:
    with pytest.raises(LookupError), observe(Probe()):
        raise LookupError
    assert current_probe() is None


def test_an_inner_context_adds_its_probe() -> None:
    outer, inner = Recorder(), Recorder()
    with observe(outer):
        with observe(inner):
            both = current_probe()
            assert both is not None
            both.before("NdisFreeBuffer", None)
        assert current_probe() is outer
    assert outer.heard == inner.heard == [("before", "NdisFreeBuffer", None)]


class Witness(Probe):
    def __init__(self) -> None:
        self.seen: list[Exception] = []

    def violated(self, violation: Exception) -> None:
        self.seen.append(violation)


def test_a_violation_is_told_to_each_probe_of_its_context() -> None:
    first, second = Witness(), Witness()
    with observe(first), observe(second):
        violation = RuleViolation("POOL-01", "a pool is allocated under a lock")
    RuleViolation("POOL-01", "after that nobody listens")
    assert first.seen == second.seen == [violation]


def test_observers_within_one_another_make_one_chain_in_order() -> None:
    first, second, third = Recorder(), Probe(), Recorder()
    with observe(first), observe(second), observe(third):
        chain = current_probe()
    assert isinstance(chain, ProbeChain)
    assert chain.probes == (first, second, third)
    chain.before("NdisFreeBuffer", "buffer")
    assert first.heard == third.heard == [("before", "NdisFreeBuffer", "buffer")]
