"""What the vocabulary says of its calls agrees with what the objects do and with what the verifier checks.

The verifier keeps tables of its own, since it stands on another floor; the two were read from the same pages.
"""

import re

import pytest

from asyncndis.ddi import Ddi, families, lookup
from asyncndis.verifier import LEVELS, LOCK_FREE, RULES
from tests.house.sources import SOURCES

CALLS = [call for calls in families().values() for call in calls]
LEVELS_IN_WORDS = {
    "any": "any level",
    "PASSIVE": "exactly PASSIVE_LEVEL",
    "< DISPATCH": "below DISPATCH_LEVEL",
    "<= DISPATCH": "at or below DISPATCH_LEVEL",
    "exactly DISPATCH": "exactly DISPATCH_LEVEL",
    "<= DIRQL": "at or below DIRQL",
}
NO_CALLS = {"NdisEvent", "NdisMedium", "NdisPacketFlags"}  # names of classes

every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


@every_call
def test_the_levels_are_those_of_the_verifier(call: Ddi) -> None:
    level, _, _ = call.irql.partition(", ")
    assert LEVELS[call.name].words == LEVELS_IN_WORDS[level]


@every_call
def test_no_lock_is_held_where_the_verifier_wants_none_or_the_call_can_wait(call: Ddi) -> None:
    _, _, locks = call.irql.partition(", ")
    assert bool(locks) is (call.name in LOCK_FREE or "IRQL-02" in call.rules)


@every_call
def test_the_rule_of_a_held_lock_is_named(call: Ddi) -> None:
    assert LOCK_FREE.get(call.name) in {None, *call.rules}


@every_call
def test_the_rules_are_in_the_catalogue(call: Ddi) -> None:
    assert set(call.rules) <= set(RULES)


def test_what_probes_are_told_is_a_call() -> None:
    text = "\n".join(source.text for source in SOURCES if source.floor in {"kernel", "memory", "ndis"})
    operations = set(re.findall(r'"((?:Ndis|NDIS_)\w+)"', text)) - NO_CALLS
    assert {lookup(operation).name for operation in operations} == operations
