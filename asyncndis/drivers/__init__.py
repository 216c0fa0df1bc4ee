"""Floor 5: shipped drivers, each a model to copy."""

from .bridge import Bridge
from .bus_master import BusMasterMiniport
from .echo import Echo, EchoStatistics
from .frame_counter import FrameCounter, FrameCounterStatistics
from .ipv4_host import Ipv4Host, Ipv4HostStatistics
from .learning_table import LearningTable, LearningTableStatistics, TickingTable
from .parts import chain_parts, chain_parts_nowait, free_chain, head_of, parts_from
from .parts_pool import PartsPool, PartsPoolStatistics
from .pass_through import PassThrough, PassThroughStatistics
from .port_miniport import PortMiniport, PortMiniportStatistics
from .relays import BridgePortStatistics, BridgeStatistics
from .shaper import Shaper, ShaperStatistics
from .token_bucket import TokenBucket, TokenBucketStatistics, parse_rate
from .vlan_tag import TagProtocol, VlanTag, tag_frame, tagged_parts, untag_frame, untagged_parts
from .vlan_tagger import VlanTagger, VlanTaggerStatistics

__all__ = [
    "Bridge",
    "BridgePortStatistics",
    "BridgeStatistics",
    "BusMasterMiniport",
    "Echo",
    "EchoStatistics",
    "FrameCounter",
    "FrameCounterStatistics",
    "Ipv4Host",
    "Ipv4HostStatistics",
    "LearningTable",
    "LearningTableStatistics",
    "PartsPool",
    "PartsPoolStatistics",
    "PassThrough",
    "PassThroughStatistics",
    "PortMiniport",
    "PortMiniportStatistics",
    "Shaper",
    "ShaperStatistics",
    "TagProtocol",
    "TickingTable",
    "TokenBucket",
    "TokenBucketStatistics",
    "VlanTag",
    "VlanTagger",
    "VlanTaggerStatistics",
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
