"""``python -m asyncndis.cli``: the same as ``asyncndis``."""

from . import main

main()
