"""Profiles: which family of NDIS implementations an object follows where they differ.

Windows CE keeps a free list, so that a pool's count bites; the NT family is taken not to enforce it. ``STRICT``,
the default, takes the sterner answer of each pair, so that a driver which passes under it is at home on both.
Source: the NdisAllocateBufferPool pages of Windows CE and of the NT DDK.
"""

from enum import Enum

__all__ = ["Profile"]


class Profile(Enum):
    """The implementation that pools and locks imitate."""

    CE = "ce"
    NT = "nt"
    STRICT = "strict"

    @property
    def enforces_buffer_count(self) -> bool:
        """Whether a buffer pool's number of descriptors is a limit (CE, STRICT) or only reported (NT)."""
        return self is not Profile.NT

    @property
    def dpr_needs_dispatch(self) -> bool:
        """Whether the Dpr forms are legal at exactly DISPATCH_LEVEL only; on CE they behave as the plain forms."""
        return self is not Profile.CE

    @property
    def locks_raise_irql(self) -> bool:
        """Whether a spin lock raises to DISPATCH_LEVEL; on CE it is a critical section that its owner may re-enter."""
        return self is not Profile.CE
