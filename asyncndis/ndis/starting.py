"""How an adapter starts: MiniportInitialize, and then the questions that NDIS asks.

Source: the MiniportInitialize page, and the OIDs of reference 3.4. An initialization that fails leaves nothing behind
(LIFE-02); an adapter that does not answer what is mandatory is halted again.
"""

from typing import TYPE_CHECKING, Any, cast

from anyio import CancelScope

from asyncndis.base import NdisError, NdisStatus, RuleViolation

from .calling import Handler
from .ending import halt_adapter, undo_initialize
from .frames import FramePool
from .loopback import Loopback
from .media import RequestType
from .miniport import Miniport
from .oids import BIND_ORDER, Oid, decode_oid
from .requests import OidRequest
from .states import AdapterEvent

if TYPE_CHECKING:
    from .adapter import Adapter
    from .library import Ndis

__all__ = ["start_adapter"]

_SUCCESS = NdisStatus.SUCCESS
_LOOPBACK_FRAMES = 64
_QUESTIONS = (*BIND_ORDER, Oid.GEN_MAXIMUM_FRAME_SIZE, Oid.GEN_MAXIMUM_TOTAL_SIZE, Oid.GEN_MEDIA_CONNECT_STATUS)
_MANDATORY = (Oid.GEN_MAC_OPTIONS, Oid.IEEE_802_3_CURRENT_ADDRESS, Oid.IEEE_802_3_MAXIMUM_LIST_SIZE)


async def start_adapter(library: "Ndis", adapter: "Adapter") -> None:
    """Bring an adapter from added to running.

    :raises NdisError: with the status by which it failed
    """
    await _initialize(adapter)
    library.adapters.append(adapter)
    try:
        await _interview(library, adapter)
    except BaseException:
        with CancelScope(shield=True):
            await halt_adapter(library, adapter)
        raise
    adapter.hang.start()


async def _initialize(adapter: "Adapter") -> None:
    adapter.step(AdapterEvent.INITIALIZE)
    function = adapter.characteristics.initialize
    assert function is not None  # check() has seen it
    initialize = Handler(adapter, "MiniportInitialize", function, adapter.driver, adapter.probe)
    try:
        answer = await initialize.run_or_raise(adapter)
        status = _SUCCESS if answer is None else initialize.status_of(_status_in(answer))
        if status is not _SUCCESS:
            raise NdisError(f"{adapter.name} did not start: {status.name}", status)
        adapter.require_attributes("the end of MiniportInitialize")
    except BaseException as error:
        driver = adapter.driver
        with CancelScope(shield=True):
            lets_ndis_release = isinstance(driver, Miniport) and driver.lets_ndis_release
            await undo_initialize(adapter, is_responsible=not lets_ndis_release)
        if not isinstance(error, (NdisError, RuleViolation)):
            error.add_note(f"in MiniportInitialize of {adapter.name}")
        raise
    adapter.step(AdapterEvent.INITIALIZED)


def _status_in(answer: object) -> object:
    """A driver in NDIS words answers also OpenErrorStatus, and which of the media it has chosen: there is one."""
    return cast("tuple[object, ...]", answer)[0] if isinstance(answer, tuple) else answer


async def _interview(library: "Ndis", adapter: "Adapter") -> None:
    """Ask what NDIS asks of each adapter that starts."""
    answers: dict[int, Any] = {}
    for oid in _QUESTIONS:
        request = OidRequest(RequestType.QUERY_INFORMATION, oid, bytearray(64))
        status = await library.submit(adapter, request)
        answers[oid] = decode_oid(oid, request.buffer[: request.bytes_written]) if status is _SUCCESS else None
    for oid in _MANDATORY:
        if answers[oid] is None:
            raise NdisError(f"{adapter.name} does not answer OID_{oid.name}, which is mandatory", NdisStatus.FAILURE)
    mac_options = answers[Oid.GEN_MAC_OPTIONS]
    adapter.connected = not answers[Oid.GEN_MEDIA_CONNECT_STATUS]
    adapter.current_address = answers[Oid.IEEE_802_3_CURRENT_ADDRESS]
    adapter.maximum_send_packets = answers[Oid.GEN_MAXIMUM_SEND_PACKETS] or 1
    adapter.maximum_total_size = answers[Oid.GEN_MAXIMUM_TOTAL_SIZE] or adapter.maximum_total_size
    adapter.maximum_frame_size = answers[Oid.GEN_MAXIMUM_FRAME_SIZE] or adapter.maximum_total_size - adapter.header_size
    mapped = adapter.scatter_gather
    if mapped is not None and mapped.maximum < adapter.maximum_total_size:
        raise NdisError(
            f"{adapter.name} has frames of {adapter.maximum_total_size} bytes, and {mapped!r} was initialized for "
            f"{mapped.maximum}; say the longest frame with its header there",
            NdisStatus.FAILURE,
        )
    frames = await FramePool.create(_LOOPBACK_FRAMES, name=f"loopback of {adapter.name}", header_size=14)
    adapter.loopback = Loopback(adapter, frames, mac_options)
