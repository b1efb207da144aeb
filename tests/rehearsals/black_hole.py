"""A line between a phone and the market that can swallow all it is given: nothing is refused, nothing arrives."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AT_ONCE = 65_536


class Wire:
    """Carries bytes to `to_port` and back; while it swallows, connections open and requests hang."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._swallows = threading.Event()
        self._doomed: set[socket.socket] = set()
        self._ear = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"http://127.0.0.1:{self._ear.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    @contextmanager
    def swallowing(self) -> Iterator[None]:
        """Afterwards whatever lost a byte is broken, as nobody could go on from there, and new requests pass."""
        self._swallows.set()
        try:
            yield
        finally:
            self._swallows.clear()
            doomed, self._doomed = self._doomed, set()
            for end in doomed:
                _break(end)

    def close(self) -> None:
        self._ear.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _whence = self._ear.accept()
                far = socket.create_connection(("127.0.0.1", self._to_port))
                for come, go in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(come, go), daemon=True).start()

    def _carry(self, come: socket.socket, go: socket.socket) -> None:
        with suppress(OSError):
            while some := come.recv(AT_ONCE):
                if self._swallows.is_set():
                    self._doomed |= {come, go}
                elif come not in self._doomed:
                    go.sendall(some)
            if self._swallows.is_set():
                return  # who hangs up is not heard either
        _break(go)


def _break(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(to_port: int) -> Iterator[Wire]:
    """One that stands until the block ends."""
    one = Wire(to_port)
    try:
        yield one
    finally:
        one.close()
