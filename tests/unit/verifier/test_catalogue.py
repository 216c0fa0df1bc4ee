"""The catalogue is complete, agrees with the code, and can be looked up and read."""

import re

import pytest

from asyncndis.verifier import EXAMPLES, LEVELS, LOCK_FREE, RULES, CheckedBy, Rule, explain, rules_page, select_rules
from asyncndis.verifier.levels import RULES_BY_CALL, rule_of
from tests.house.sources import SOURCES

HIGHEST = {
    "POOL": 18,
    "BUF": 15,
    "PKT": 15,
    "SEND": 17,
    "RCV": 17,
    "IRQL": 7,
    "LOCK": 14,
    "LIFE": 18,
    "DMA": 7,
    "BIND": 7,
    "OID": 12,
}
OF_OUR_OWN = {"LIFE-19"}
STATUSES_NOT_VIOLATIONS = {"POOL-12", "POOL-13", "DMA-03", "SEND-11", "SEND-15", "BIND-07", "OID-09"}
KEPT_BY_TYPES = {"BUF-01", "PKT-06", "RCV-05", "RCV-10"}  # anything else is a TypeError; a permission cannot be broken
KEPT_BY_THE_LIBRARY = {"OID-01", "OID-10", "BIND-05"}
WITHOUT_EXAMPLE = STATUSES_NOT_VIOLATIONS | KEPT_BY_TYPES | KEPT_BY_THE_LIBRARY
SHOWN_BY_A_TEST = {"LIFE-05"}  # it takes a timer that runs out while halt runs; see test_lives.py
FLOORS = ("kernel", "memory", "nic", "ndis")
RULE_ID = re.compile(rf'"((?:{"|".join(HIGHEST)})-\d\d)"')


def ids_in(*floors: str) -> set[str]:
    """The rule ids that the code of some floors gives to its violations."""
    return {rule for source in SOURCES if source.floor in floors for rule in RULE_ID.findall(source.text)}


def test_no_rule_is_missing() -> None:
    expected = {f"{family}-{number:02}" for family, last in HIGHEST.items() for number in range(1, last + 1)}
    assert len(expected) == 147
    assert set(RULES) == expected | OF_OUR_OWN


def test_rules_stand_in_order() -> None:
    families = [rule.family for rule in RULES.values()]
    assert list(dict.fromkeys(families)) == list(HIGHEST)
    assert [*RULES] == sorted(RULES, key=lambda rule: (list(HIGHEST).index(rule.partition("-")[0]), rule))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_texts_are_sentences(rule: Rule) -> None:
    assert rule.statement.endswith(".")
    assert rule.remedy.endswith(".")
    assert not rule.note or rule.note.endswith(".")
    assert rule.source
    assert not rule.detail.endswith(".")


def test_what_the_floors_report_is_in_the_catalogue() -> None:
    assert ids_in(*FLOORS, "drivers", "ddi", "verifier") <= set(RULES)


def test_what_is_checked_always_is_in_the_floors() -> None:
    always = {rule.id for rule in RULES.values() if rule.checked_by is CheckedBy.ALWAYS}
    assert always - WITHOUT_EXAMPLE <= ids_in(*FLOORS)


def test_what_the_verifier_checks_is_in_its_code() -> None:
    checked = {rule.id for rule in RULES.values() if rule.checked_by is CheckedBy.VERIFIER}
    texts = {source.name: source.text for source in SOURCES if source.floor == "verifier"}
    code = "".join(text for name, text in texts.items() if "_rules" not in name and "_examples" not in name)
    assert checked <= {rule for rule in checked if f'"{rule}"' in code} | ids_in("kernel", "memory")


def test_what_is_checked_now_has_an_example() -> None:
    now = {rule.id for rule in RULES.values() if rule.checked_by in {CheckedBy.ALWAYS, CheckedBy.VERIFIER}}
    assert now - WITHOUT_EXAMPLE - SHOWN_BY_A_TEST == set(EXAMPLES)


def test_rules_name_floors() -> None:
    assert {rule.floor for rule in RULES.values()} == set(FLOORS)


def test_what_cannot_be_seen_says_why() -> None:
    assert all(rule.note for rule in RULES.values() if rule.checked_by is CheckedBy.NOBODY)


def test_severity_is_one_line() -> None:
    assert RULES["IRQL-02"].severity == "bugcheck (0x7C/0x14, 0xB8)"
    assert RULES["BUF-08"].severity == "corrupt"


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [
        ("POOL-01", ["POOL-01"]),
        ("pool-01", ["POOL-01"]),
        (["LOCK-08", "irql-07", "LOCK-08"], ["IRQL-07", "LOCK-08"]),
        ("DMA", [f"DMA-0{number}" for number in range(1, 8)]),
        ("all", [*RULES]),
        ([], []),
    ],
)
def test_rules_are_selected(choice: str | list[str], chosen: list[str]) -> None:
    assert [rule.id for rule in select_rules(choice)] == chosen


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("POOL-99", "there is no rule 'POOL-99'; near it: POOL-\\d\\d, POOL"),
        (["LOCK", "sponge"], "there is no rule 'SPONGE'; near it: POOL, BUF, PKT"),
    ],
)
def test_a_rule_that_is_none_is_refused(choice: str | list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        select_rules(choice)


def test_a_rule_is_explained_in_full() -> None:
    text = explain("lock-11")
    for part in (
        "LOCK-11  A spin lock is held",
        "way out",
        "always, by the kernel floor",
        "perf (0x133)",
        "<- LOCK-11",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_rule_without_example_is_explained_too() -> None:
    assert explain("OID-01").splitlines() == [
        "OID-01  A miniport of NDIS 5 has one query or set pending at most; NDIS queues the others.",
        "",
        "  way out           Nothing to do in a miniport; a library must claim the place and fill it in one",
        "                    step.",
        "  checked           always, by the ndis floor",
        "  note              The library keeps it. The verifier compares, for libraries that do not.",
        "  in the original   none",
        "  read in           ReactOS source; general knowledge",
    ]


@pytest.mark.parametrize(
    ("name", "message"), [("POOL", "'POOL' is no rule's id; POOL-01, POOL-02"), ("x", "there is no rule 'X'")]
)
def test_only_a_rule_is_explained(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explain(name)


def test_the_page_has_every_rule_and_example() -> None:
    page = rules_page()
    assert re.findall(r"^### (.+)$", page, re.MULTILINE) == [*RULES]
    assert page.count("```py\n") == 2 * len(EXAMPLES)
    assert page.count("## ") == len(RULES) * 1 + len(HIGHEST)


def test_lock_free_calls_name_rules_that_exist() -> None:
    assert set(LOCK_FREE.values()) <= set(RULES)
    assert set(LOCK_FREE) <= set(LEVELS)
    assert set(RULES_BY_CALL.values()) <= set(RULES)
    assert set(RULES_BY_CALL) <= set(LEVELS)


@pytest.mark.parametrize(
    ("call", "level", "rule"),
    [
        ("NdisAllocateBuffer", 2, "IRQL-01"),
        ("NdisAllocateBuffer", 3, "IRQL-05"),
        ("NdisAllocateBuffer", 30, "IRQL-05"),
        ("NdisAllocateBuffer", 31, "IRQL-01"),
        ("NdisWaitEvent", 5, "IRQL-02"),
        ("NdisMAllocateSharedMemory", 2, "IRQL-07"),
    ],
)
def test_the_rule_of_a_wrong_level(call: str, level: int, rule: str) -> None:
    assert rule_of(call, level) == rule
