"""One public path per name: a package offers what its ``__all__`` lists, and no two packages offer one thing.

The top package is a selection for driver writers: what it offers, a package below offers under the same name.
"""

from collections import Counter
from inspect import ismodule

import pytest

from tests.house.sources import PACKAGES, SOURCES, Source, names_of

BELOW = [package for package in PACKAGES if package.floor]


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_all_lists_what_a_package_offers(package: Source) -> None:
    module = package.load()
    offered = set(names_of(module))
    reachable = {name for name, value in vars(module).items() if not name.startswith("_") and not ismodule(value)}
    assert {name for name in offered if not hasattr(module, name)} == set()
    assert reachable - offered == set()


def test_each_name_is_offered_once() -> None:
    offers = Counter(name for package in BELOW for name in names_of(package.load()))
    assert {name: count for name, count in offers.items() if count > 1} == {}


def test_the_top_package_is_a_selection() -> None:
    top = SOURCES[0].load()
    below = {name: getattr(module, name) for module in (lower.load() for lower in BELOW) for name in names_of(module)}
    strangers = {name for name in names_of(top) if getattr(top, name) is not below.get(name)}
    assert strangers == set()
