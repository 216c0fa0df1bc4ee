"""Floor 5: shipped drivers, each a model to copy."""

from .bus_master import BusMasterMiniport
from .frame_counter import FrameCounter
from .learning_table import LearningTable, LearningTableStatistics
from .parts import chain_parts, chain_parts_nowait, free_chain, head_of, parts_from
from .ring_receive import RingReceiver
from .token_bucket import TokenBucket, TokenBucketStatistics, parse_rate
from .vlan_tag import TagProtocol, VlanTag, tag_frame, tagged_parts, untag_frame, untagged_parts

__all__ = [
    "BusMasterMiniport",
    "FrameCounter",
    "LearningTable",
    "LearningTableStatistics",
    "RingReceiver",
    "TagProtocol",
    "TokenBucket",
    "TokenBucketStatistics",
    "VlanTag",
    "chain_parts",
    "chain_parts_nowait",
    "free_chain",
    "head_of",
    "parse_rate",
    "parts_from",
    "tag_frame",
    "tagged_parts",
    "untag_frame",
    "untagged_parts",
]
