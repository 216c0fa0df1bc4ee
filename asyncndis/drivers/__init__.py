"""Floor 5: shipped drivers, each a model to copy."""

from .frame_counter import FrameCounter
from .ring_receive import RingReceiver

__all__ = ["FrameCounter", "RingReceiver"]
