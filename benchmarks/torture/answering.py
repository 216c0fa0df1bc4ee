"""A process that answers questions: ``python -m benchmarks.torture.answering FUNCTION MODULE...``.

It imports these modules first. Each line on its input is a list: how many seconds of processor time the answer may
take, or 0, and the arguments. Each line on its output is what the function returned. Both are JSON.
"""

import json
import logging
import signal
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
        seconds, *arguments = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends a process that does not mind it
        print(json.dumps(answer(*arguments)), flush=True)
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
