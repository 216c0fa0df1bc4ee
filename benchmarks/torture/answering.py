"""A process that answers questions: ``python -m benchmarks.torture.answering FUNCTION MODULE...``.

It imports these modules first. Each line on its input is a list of arguments, and each on its output what the function
returned, both as JSON.
"""

import json
import logging
import sys
from importlib import import_module

__all__ = ["main"]


def main(function: str, *modules: str) -> None:
    """Answer until there are no more questions.

    :param function: as ``module:name``
    :param modules: what this process has imported
    """
    for module in modules:
        import_module(module)
    logging.disable(logging.WARNING)  # some drivers among the bugs leave descriptors out
    module, _, name = function.partition(":")
    answer = getattr(import_module(module), name)
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
