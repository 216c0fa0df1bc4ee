"""The states of adapters, bindings, resets and requests, and the steps between them, as tables.

Source: the pages of MiniportInitialize, MiniportHalt, MiniportReset, NdisMResetComplete, ProtocolBindAdapter,
NdisOpenAdapter, NdisCloseAdapter and NdisRequest. NDIS 5 has no pause; PAUSING and PAUSED are an extension of this
package, which stop sends and wait until nothing is out.
"""

from enum import Enum
from typing import Final

from asyncndis.base import TransitionTable

__all__ = [
    "ADAPTER_STATES",
    "BINDING_STATES",
    "REQUEST_STATES",
    "RESET_STATES",
    "AdapterEvent",
    "AdapterState",
    "BindingEvent",
    "BindingState",
    "RequestEvent",
    "RequestState",
    "ResetEvent",
    "ResetState",
]


class AdapterState(Enum):
    """Where an adapter is in its life."""

    ADDED = "added"
    INITIALIZING = "initializing"
    RUNNING = "running"
    RESETTING = "resetting"
    PAUSING = "pausing"
    PAUSED = "paused"
    LOW_POWER = "low power"
    REMOVED = "removed by surprise"
    HALTING = "halting"
    HALTED = "halted"
    FAILED = "failed"
    SHUT_DOWN = "shut down"


class AdapterEvent(Enum):
    """What happens to an adapter."""

    INITIALIZE = "initialize"
    INITIALIZED = "initialized"
    FAIL = "fail"
    RESET = "reset"
    RESET_DONE = "reset done"
    PAUSE = "pause"
    QUIET = "quiet"
    RESUME = "resume"
    SLEEP = "sleep"
    WAKE = "wake"
    REMOVE = "remove"
    HALT = "halt"
    HALTED = "halted"
    SHUT_DOWN = "shut down"


_ALIVE = {
    AdapterEvent.REMOVE: AdapterState.REMOVED,
    AdapterEvent.HALT: AdapterState.HALTING,
    AdapterEvent.SHUT_DOWN: AdapterState.SHUT_DOWN,
}

ADAPTER_STATES: Final = TransitionTable(
    "adapter",
    AdapterState.ADDED,
    {
        AdapterState.ADDED: {AdapterEvent.INITIALIZE: AdapterState.INITIALIZING},
        AdapterState.INITIALIZING: {
            AdapterEvent.INITIALIZED: AdapterState.RUNNING,
            AdapterEvent.FAIL: AdapterState.FAILED,
        },
        AdapterState.RUNNING: {
            AdapterEvent.RESET: AdapterState.RESETTING,
            AdapterEvent.PAUSE: AdapterState.PAUSING,
            AdapterEvent.SLEEP: AdapterState.LOW_POWER,
            **_ALIVE,
        },
        AdapterState.RESETTING: {AdapterEvent.RESET_DONE: AdapterState.RUNNING, **_ALIVE},
        AdapterState.PAUSING: {
            AdapterEvent.QUIET: AdapterState.PAUSED,
            AdapterEvent.RESUME: AdapterState.RUNNING,
            **_ALIVE,
        },
        AdapterState.PAUSED: {AdapterEvent.RESUME: AdapterState.RUNNING, **_ALIVE},
        AdapterState.LOW_POWER: {AdapterEvent.WAKE: AdapterState.RUNNING, **_ALIVE},
        AdapterState.REMOVED: {AdapterEvent.HALT: AdapterState.HALTING},
        AdapterState.HALTING: {AdapterEvent.HALTED: AdapterState.HALTED},
        AdapterState.HALTED: {AdapterEvent.INITIALIZE: AdapterState.INITIALIZING},
        AdapterState.FAILED: {AdapterEvent.INITIALIZE: AdapterState.INITIALIZING},
        AdapterState.SHUT_DOWN: {},
    },
    "LIFE-18",
)


class BindingState(Enum):
    """Where a binding is in its life."""

    UNBOUND = "unbound"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class BindingEvent(Enum):
    """What happens to a binding."""

    OPEN = "open"
    OPENED = "opened"
    OPEN_FAILED = "open failed"
    CLOSE = "close"
    CLOSED = "closed"


BINDING_STATES: Final = TransitionTable(
    "binding",
    BindingState.UNBOUND,
    {
        BindingState.UNBOUND: {BindingEvent.OPEN: BindingState.OPENING},
        BindingState.OPENING: {
            BindingEvent.OPENED: BindingState.OPEN,
            BindingEvent.OPEN_FAILED: BindingState.CLOSED,
        },
        BindingState.OPEN: {BindingEvent.CLOSE: BindingState.CLOSING},
        BindingState.CLOSING: {BindingEvent.CLOSED: BindingState.CLOSED},
        BindingState.CLOSED: {},
    },
    "BIND-02",
)


class ResetState(Enum):
    """How far the reset of an adapter is."""

    IDLE = "no reset"
    CALLED = "handler called"
    PENDING = "pending"
    REPLAYING = "replaying addresses"


class ResetEvent(Enum):
    """What happens to a reset."""

    BEGIN = "begin"
    PEND = "pend"
    COMPLETE = "complete"
    DONE = "done"
    ABANDON = "abandon"


RESET_STATES: Final = TransitionTable(
    "reset",
    ResetState.IDLE,
    {
        ResetState.IDLE: {ResetEvent.BEGIN: ResetState.CALLED},
        ResetState.CALLED: {
            ResetEvent.PEND: ResetState.PENDING,
            ResetEvent.COMPLETE: ResetState.REPLAYING,
            ResetEvent.ABANDON: ResetState.IDLE,
        },
        ResetState.PENDING: {ResetEvent.COMPLETE: ResetState.REPLAYING, ResetEvent.ABANDON: ResetState.IDLE},
        ResetState.REPLAYING: {ResetEvent.DONE: ResetState.IDLE},
    },
    "LIFE-14",
)


class RequestState(Enum):
    """How far a request is."""

    IDLE = "with its protocol"
    QUEUED = "queued"
    PENDING = "pending at the miniport"


class RequestEvent(Enum):
    """What happens to a request."""

    SUBMIT = "submit"
    START = "start"
    COMPLETE = "complete"


REQUEST_STATES: Final = TransitionTable(
    "request",
    RequestState.IDLE,
    {
        RequestState.IDLE: {RequestEvent.SUBMIT: RequestState.QUEUED},
        RequestState.QUEUED: {
            RequestEvent.START: RequestState.PENDING,
            RequestEvent.COMPLETE: RequestState.IDLE,
        },
        RequestState.PENDING: {RequestEvent.COMPLETE: RequestState.IDLE},
    },
    "OID-12",
)
