"""The row forms of handlers: drivers that are objects may take several packets in one call, which NDIS 5 does not have.

Beside ``receive``, ``send_complete`` and ``return_packet`` a class may define ``receive_row(binding, packets)``, which
returns the packets that it keeps, each to be returned once, or None to have them one by one; then
``send_complete_row(binding, packets, status)``, and ``return_row(packets)``. They are called where nobody watches: a
probe sees every packet. A class that overrides a handler, and not its row form, is called by the handler alone.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["row_form"]


def row_form(driver: object, form: str, handler: str) -> Callable[..., Any] | None:
    """The row form of a handler, to be called with the driver first; None where there is none that stands for it.

    :param form: its name, as "receive_row"
    :param handler: the name of the handler
    """
    for owner in type(driver).__mro__:
        if form in vars(owner):
            found: Callable[..., Any] = vars(owner)[form]
            return found
        if handler in vars(owner):
            return None
    return None
