"""Opens and closes that answer PENDING, and complete through the protocol's handlers.

Source: the pages of NdisOpenAdapter, ProtocolOpenAdapterComplete, NdisCloseAdapter, ProtocolCloseAdapterComplete and
NdisUnbindAdapter. An open pends on a machine that defers; a close pends there, and wherever something of the binding is
still out. Objects wait instead (``BindContext.open``, ``Binding.close``), and are never told by these handlers.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncndis.base import NdisError, NdisStatus, RuleViolation

from .media import NdisMedium
from .states import BindingEvent
from .watched import Watched

if TYPE_CHECKING:
    from .binding import Binding
    from .library import Ndis
    from .opening import BindContext

__all__ = ["begin_close", "begin_open"]

_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING


async def begin_open(
    library: "Ndis", bind: "BindContext", context: object, media: Sequence[NdisMedium]
) -> tuple[NdisStatus, "Binding", int]:
    """NdisOpenAdapter: SUCCESS and the open binding, or PENDING and one that opens; and which medium it speaks.

    :raises NdisError: with the status by which it failed
    """
    binding = bind.target
    medium = binding.adapter.medium
    if medium not in media:
        raise NdisError(f"{binding.name}: none of its media is {medium.name}", NdisStatus.UNSUPPORTED_MEDIA)
    if library.defers:
        library.group.start_soon(_open, bind, context, media, name=f"open of {binding.name}")
        return _PENDING, binding, media.index(medium)
    return _SUCCESS, await bind.open(context, media=media), media.index(medium)


async def begin_close(library: "Ndis", binding: "Binding") -> NdisStatus:
    """NdisCloseAdapter: SUCCESS, and the binding is closed; or PENDING, and it closes."""
    with Watched(binding.probe, "NdisCloseAdapter", binding):
        if binding.is_at_rest and not library.defers:
            await library.close_binding(binding)
            return _SUCCESS
        binding.step(BindingEvent.CLOSE)
        library.group.start_soon(_close, library, binding, name=f"close of {binding.name}")
        return _PENDING


async def _open(bind: "BindContext", context: object, media: Sequence[NdisMedium]) -> None:
    status = _SUCCESS
    try:
        await bind.open(context, media=media)
    except NdisError as error:
        status = error.status
    except RuleViolation as violation:
        bind.target.protocol.fail(violation, "ProtocolBindAdapter")
        return
    await _tell(bind.target, "ProtocolOpenAdapterComplete", "open_adapter_complete", context, status, status)


async def _close(library: "Ndis", binding: "Binding") -> None:
    context = binding.context
    await library.close_binding(binding)
    await _tell(binding, "ProtocolCloseAdapterComplete", "close_adapter_complete", context, _SUCCESS)


async def _tell(binding: "Binding", title: str, field: str, context: object, *arguments: object) -> None:
    handler = binding.protocol.handler(title, field, context, binding)
    assert handler is not None  # check() has seen it
    await handler.run(*arguments)
