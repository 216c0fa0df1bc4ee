"""Floor 7: the command line, one verb a file. Exit status: 0 fine, 1 findings, 2 usage or input, 3 our own fault."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the ``asyncndis`` command."""
    try:
        from .app import app
    except ModuleNotFoundError as missing:
        if missing.name not in {"click", "rich"}:
            raise
        sys.stderr.write("asyncndis: the command line needs click and rich: pip install 'asyncndis[cli]'\n")
        sys.exit(2)
    app.main(prog_name="asyncndis")
