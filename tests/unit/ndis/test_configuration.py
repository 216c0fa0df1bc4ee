"""Configurations: read by handle, regardless of case, and nothing outlives the handle it was read by."""

from collections.abc import Callable
from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation, observe
from asyncndis.ndis.configuration import Configuration, ConfigurationHandle, ConfigurationStatistics, ConfigurationValue
from asyncndis.ndis.media import ParameterType
from tests.unit.memory.making import Diary

ADDRESS = bytes.fromhex("020000000001")
KEY: dict[str, ConfigurationValue] = {"RxRing": 64, "Name": "nic0", "Groups": ("a", "b"), "Microcode": b"\1\2\3"}


@pytest.mark.parametrize(
    ("keyword", "kind", "value"),
    [
        ("RxRing", ParameterType.INTEGER, 64),
        ("rxRING", ParameterType.HEX_INTEGER, 64),
        ("name", ParameterType.STRING, "nic0"),
        ("GROUPS", ParameterType.MULTI_STRING, ("a", "b")),
        ("Microcode", ParameterType.BINARY, b"\1\2\3"),
    ],
)
def test_parameters_are_read(keyword: str, kind: ParameterType, value: object) -> None:
    with Configuration(KEY).open() as handle:
        parameter = handle.read(keyword, kind)
        assert (parameter.keyword, parameter.kind, parameter.value) == (keyword, kind, value)


def test_an_integer_is_one() -> None:
    with Configuration(KEY).open() as handle:
        assert handle.read("RxRing", ParameterType.INTEGER).integer == 64
        with pytest.raises(TypeError, match="Name was read as STRING, which is no integer"):
            _ = handle.read("Name", ParameterType.STRING).integer


@pytest.mark.parametrize("keyword", KEY)
def test_the_kind_has_to_fit(keyword: str) -> None:
    fitting = {
        "RxRing": {ParameterType.INTEGER, ParameterType.HEX_INTEGER},
        "Name": {ParameterType.STRING},
        "Groups": {ParameterType.MULTI_STRING},
        "Microcode": {ParameterType.BINARY},
    }
    with Configuration(KEY, name="key of nic0").open() as handle:
        for kind in set(ParameterType) - fitting[keyword]:
            with pytest.raises(
                NdisError, match=rf"^{keyword} of 'key of nic0' is .*, which is no {kind.name}$"
            ) as caught:
                handle.read(keyword, kind)
            assert caught.value.status is NdisStatus.FAILURE


def test_what_is_not_there() -> None:
    with Configuration(name="key of nic0").open() as handle:
        with pytest.raises(NdisError, match=r"'key of nic0' 0 parameters.* has no parameter TxRing") as caught:
            handle.read("TxRing", ParameterType.INTEGER)
        assert caught.value.status is NdisStatus.FAILURE


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (ADDRESS, ADDRESS),
        ("020000000001", ADDRESS),
        ("02-00-00-00-00-01", ADDRESS),
        ("02:00:00:00:00:01", ADDRESS),
        (ADDRESS[:5], None),
        (ADDRESS + b"\0", None),
        ("", None),
        ("02000000000", None),
        ("no address", None),
        (7, None),
        (("020000000001",), None),
    ],
)
def test_the_network_address(value: Any, address: bytes | None) -> None:
    with Configuration({"networkaddress": value}).open() as handle:
        assert handle.network_address() == address


def test_no_network_address() -> None:
    with Configuration(KEY).open() as handle:
        assert handle.network_address() is None


def test_open_handles_are_counted() -> None:
    configuration = Configuration(KEY, name="key of nic0")
    first, second = configuration.open(), configuration.open()
    assert repr(configuration) == "<Configuration 'key of nic0' 4 parameters, 2 open handles>"
    first.close()
    assert configuration.statistics() == ConfigurationStatistics(parameters=4, open_handles=1, opened=2)
    assert (repr(first), repr(second)) == (
        "<ConfigurationHandle of 'key of nic0' closed>",
        "<ConfigurationHandle of 'key of nic0' open>",
    )
    second.close()
    assert configuration.open_handles == 0


def test_a_parameter_dies_with_its_handle() -> None:
    configuration = Configuration(KEY, name="key of nic0")
    handle, another = configuration.open(), configuration.open()
    parameter = handle.read("RxRing", ParameterType.INTEGER)
    kept = another.read("RxRing", ParameterType.INTEGER)
    assert repr(parameter) == "<ConfigurationParameter RxRing 64 of 'key of nic0'>"
    handle.close()
    assert repr(parameter) == "<ConfigurationParameter RxRing gone of 'key of nic0'>"
    with pytest.raises(RuleViolation, match="LIFE-12: the value of RxRing is read on"):
        _ = parameter.value
    with pytest.raises(RuleViolation, match="LIFE-12"):
        _ = parameter.integer
    assert kept.value == 64


def test_leaving_the_block_closes_once() -> None:
    configuration = Configuration(KEY)
    with configuration.open() as handle:
        handle.close()
    with pytest.raises(ZeroDivisionError), configuration.open():
        _ = 1 // 0
    assert configuration.open_handles == 0


def test_probes_see_every_call() -> None:
    diary = Diary()
    with observe(diary):
        configuration = Configuration(KEY)
    with configuration.open() as handle:
        handle.read("RxRing", ParameterType.INTEGER)
        handle.network_address()
    calls = ("NdisOpenConfiguration", "NdisReadConfiguration", "NdisReadNetworkAddress", "NdisCloseConfiguration")
    assert diary.seen == [(when, call) for call in calls for when in ("before", "after")]
    assert {arguments[0] for arguments in diary.arguments} == {configuration}


CALLS: dict[str, Callable[[ConfigurationHandle], object]] = {
    "NdisReadConfiguration": lambda handle: handle.read("RxRing", ParameterType.INTEGER),
    "NdisReadNetworkAddress": ConfigurationHandle.network_address,
    "NdisCloseConfiguration": ConfigurationHandle.close,
}


@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_done_with_a_closed_handle(call: str) -> None:
    handle = Configuration(KEY, name="key of nic0").open()
    handle.close()
    with pytest.raises(RuleViolation, match=rf"LIFE-12: {call} on .*'key of nic0' closed.*before that: .*test_n"):
        CALLS[call](handle)


@pytest.mark.parametrize("call", CALLS)
def test_what_a_probe_refuses_has_not_happened(call: str) -> None:
    with observe(Diary(refuses=call)):
        configuration = Configuration(KEY)
    handle = configuration.open()
    with pytest.raises(RuleViolation, match="TEST-01"):
        CALLS[call](handle)
    assert (configuration.open_handles, handle.is_closed) == (1, False)


@pytest.mark.parametrize("options", [{"refuses": "NdisOpenConfiguration"}, {"fails": "NdisOpenConfiguration"}])
def test_an_open_that_fails_opens_nothing(options: dict[str, Any]) -> None:
    with observe(Diary(**options)):
        configuration = Configuration(KEY)
    with pytest.raises((RuleViolation, NdisError)) as caught:
        configuration.open()
    assert getattr(caught.value, "status", NdisStatus.RESOURCES) is NdisStatus.RESOURCES
    assert configuration.statistics() == ConfigurationStatistics(parameters=4, open_handles=0, opened=0)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"RxRing": 64, "RXRING": 32}, ValueError, "RXRING is in configuration twice"),
        ({"RxRing": 1 << 32}, ValueError, "RxRing is from 0 to 0xffffffff"),
        ({"RxRing": True}, TypeError, "RxRing is an int, a str, bytes or a tuple of str, not True"),
        ({"Groups": ("a", 1)}, TypeError, "Groups is an int, a str, bytes or a tuple of str"),
        ({"Groups": ["a"]}, TypeError, "Groups is an int, a str, bytes or a tuple of str"),
        ({7: 64}, TypeError, "a keyword is a str, not int"),
    ],
)
def test_wrong_parameters_are_refused(parameters: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Configuration(parameters)


def test_wrong_arguments_are_refused() -> None:
    with Configuration(KEY).open() as handle:
        with pytest.raises(ValueError, match="9 is not a valid ParameterType"):
            handle.read("RxRing", 9)  # type: ignore[arg-type]  # the mistake that is tested
        with pytest.raises(TypeError, match="keyword is a str"):
            handle.read(b"RxRing", ParameterType.INTEGER)  # type: ignore[arg-type]  # the mistake that is tested
