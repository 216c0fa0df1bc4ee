"""The methods of an event loop that would leave the simulation, each refused where it is called.

There is nothing to allow here: a controlled loop never waits for the operating system, so it could not keep them.
"""

from typing import Any, NoReturn

from .escapes import WAYS_OUT, Simulated, Way, left_simulation

__all__ = ["ClosedLoop"]


def _refused(name: str, does: str, way: Way) -> Any:
    def refuse(*_arguments: Any, **_options: Any) -> NoReturn:
        raise left_simulation(f"loop.{name}()", does, WAYS_OUT[way])

    refuse.__name__ = name
    refuse.__doc__ = f"Refused: it {does}."
    return refuse


_FILE, _SOCKET, _PROCESS, _SIGNAL = (
    "waits for a real file",
    "moves data over a real socket",
    "starts a process",
    "waits for a real signal",
)


class ClosedLoop(Simulated):
    """An event loop without a way out."""

    add_reader = _refused("add_reader", _FILE, "sockets")
    add_writer = _refused("add_writer", _FILE, "sockets")
    connect_read_pipe = _refused("connect_read_pipe", _FILE, "processes")
    connect_write_pipe = _refused("connect_write_pipe", _FILE, "processes")
    sock_recv = _refused("sock_recv", _SOCKET, "sockets")
    sock_recv_into = _refused("sock_recv_into", _SOCKET, "sockets")
    sock_recvfrom = _refused("sock_recvfrom", _SOCKET, "sockets")
    sock_recvfrom_into = _refused("sock_recvfrom_into", _SOCKET, "sockets")
    sock_sendall = _refused("sock_sendall", _SOCKET, "sockets")
    sock_sendto = _refused("sock_sendto", _SOCKET, "sockets")
    sock_sendfile = _refused("sock_sendfile", _SOCKET, "sockets")
    sendfile = _refused("sendfile", "reads a real file", "sockets")
    start_tls = _refused("start_tls", "draws random numbers", "sockets")
    subprocess_exec = _refused("subprocess_exec", _PROCESS, "processes")
    subprocess_shell = _refused("subprocess_shell", _PROCESS, "processes")
    add_signal_handler = _refused("add_signal_handler", _SIGNAL, "signals")

    def remove_reader(self, fd: Any) -> bool:
        """Nothing waits for a file: False."""
        return False

    def remove_writer(self, fd: Any) -> bool:
        """Nothing waits for a file: False."""
        return False

    def remove_signal_handler(self, sig: int) -> bool:
        """Nothing waits for a signal: False."""
        return False
