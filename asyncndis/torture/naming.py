"""Names of actors for people: short, and each of its own.

Anyio names a task by where its function is defined, ``tests.test_pool.test_it.<locals>.take``: the function's own name
tells as much. Of several tasks with one name the later ones are counted, so that a name means one task in a report.
"""

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["short_names"]

_QUALIFIED = re.compile(r"(?:(?:[^\W\d]\w*|<\w+>)\.)+([^\W\d]\w*|<\w+>)")


def short_names(names: Iterable[str]) -> list[str]:
    """Make names short, and different from each other.

    :param names: as the program gave them, in order of creation
    :returns: such as ``take`` for the first and ``take (2)`` for the second
    """
    met: Counter[str] = Counter()
    found: list[str] = []
    for name in names:
        qualified = _QUALIFIED.fullmatch(name)
        short = name if qualified is None else qualified[1]
        met[short] += 1
        found.append(short if met[short] == 1 else f"{short} ({met[short]})")
    return found
