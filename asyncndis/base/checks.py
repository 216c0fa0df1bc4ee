"""Checks of arguments: one sentence that names the argument, what it should be and what it was.

Parameters are ``object`` here, since a caller without a type checker may pass anything.
"""

__all__ = ["check_instance", "check_integer"]


def check_integer(what: str, value: object, least: int = 0, most: int = 0xFFFFFFFF) -> None:
    """Refuse what is no integer within bounds; by default those of an unsigned 32-bit value.

    :raises TypeError: when it is no integer
    :raises ValueError: when it is out of bounds
    """
    if type(value) is int and least <= value <= most:  # as nearly always
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what} is an integer, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{what} is from {least} to {most:#x}, not {value}")


def check_instance(what: str, value: object, kind: type) -> None:
    """Refuse what is not of a kind.

    :raises TypeError: when it is not
    """
    if not isinstance(value, kind):
        raise TypeError(f"{what} is a {kind.__name__}, not {type(value).__name__}")
