"""The pytest face of asyncndis: a line in the report's head with the version and the loops that can run.

Nothing but pytest is imported when pytest loads this, and no test is touched.
"""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["pytest_report_header"]

LOOPS = ("uvloop", "trio")


def pytest_report_header() -> str:
    """Name this version and the event loops that can run here.

    :returns: such as ``asyncndis: 0.1.0, loops: asyncio, uvloop 0.22.1, trio 0.32.0``
    """
    loops = ["asyncio", *(f"{name} {found}" for name in LOOPS if (found := _version_of(name)))]
    return f"asyncndis: {_version_of('asyncndis')}, loops: {', '.join(loops)}"


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
