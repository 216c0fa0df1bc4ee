"""One public path per name: a package offers what its ``__all__`` lists, and no two packages offer one thing.

The top package is a selection for driver writers: what it offers, a package below offers under the same name.
"""

from collections import Counter

import pytest

from tests.house.sources import PACKAGES, SOURCES, Source, names_of

BELOW = [package for package in PACKAGES if package.floor]


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_all_lists_what_a_package_offers(package: Source) -> None:
    module = package.load()
    own = {
        name for name, value in vars(module).items() if str(getattr(value, "__module__", "")).startswith("asyncndis")
    }
    assert {name for name in names_of(module) if not hasattr(module, name)} == set()
    assert {name for name in own if not name.startswith("_")} - set(names_of(module)) == set()


def test_each_name_is_offered_once() -> None:
    offers = Counter(name for package in BELOW for name in names_of(package.load()))
    assert {name: count for name, count in offers.items() if count > 1} == {}


def test_the_top_package_is_a_selection() -> None:
    top = SOURCES[0].load()
    below = {name: getattr(module, name) for module in (lower.load() for lower in BELOW) for name in names_of(module)}
    strangers = {name for name in names_of(top) if getattr(top, name) is not below.get(name)}
    assert strangers == set()
