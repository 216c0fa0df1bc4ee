"""Floor 1: status values, errors, profiles, the probe, handles, transition tables. No asyncio, no I/O."""

from .checks import check_instance, check_integer
from .errors import IllegalTransition, NdisError, PoolClosed, PoolExhausted, RuleViolation, StaleHandle
from .handles import HandleTable
from .probe import Probe, ProbeChain, current_probe, observe
from .profile import Profile
from .sites import Site, caller_site, is_called_by_driver, is_driver_code
from .status import NdisStatus, Severity
from .transitions import TransitionTable

__all__ = [
    "HandleTable",
    "IllegalTransition",
    "NdisError",
    "NdisStatus",
    "PoolClosed",
    "PoolExhausted",
    "Probe",
    "ProbeChain",
    "Profile",
    "RuleViolation",
    "Severity",
    "Site",
    "StaleHandle",
    "TransitionTable",
    "caller_site",
    "check_instance",
    "check_integer",
    "current_probe",
    "is_called_by_driver",
    "is_driver_code",
    "observe",
]
