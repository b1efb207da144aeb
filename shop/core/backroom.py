"""The back room: slow computing in one child process of low priority.

Pictures, PDFs and sheets would hold the live hub's tick if they ran in the server. The child
starts with the first job and leaves after a quiet minute, so a shop at rest pays no memory for it.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

R = TypeVar("R")

_NICE = 10
_MEMORY_BYTES = 1_500_000_000
_ROOT = Path(__file__).parents[2]


class BackroomFailed(Exception):
    """The job killed the child, or was stopped because it took too long."""


class Backroom:
    """Runs one job at a time; callers wait their turn, each in its own thread.

    `idle_seconds` after the last job the child is stopped. Safe to use from many threads.
    """

    def __init__(self, idle_seconds: float = 60.0) -> None:
        self._idle_seconds = idle_seconds
        self._turn = threading.Lock()
        self._rest: threading.Timer | None = None
        self._child: _Child | None = None

    def run(self, job: Callable[..., R], *args: object, seconds: float = 30.0) -> R:
        """The result of `job(*args)`, a function at the top of a module, computed in the child.

        Relative paths mean nothing there: give whole ones. What the job raises is raised here.
        Raises BackroomFailed when the child dies or the job takes more than `seconds`; the next
        job then gets a new child.
        """
        with self._turn:
            self._stay()
            if self._child is None:
                self._child = _Child()
            try:
                succeeded, result = self._child.ask((job, args), seconds)
            except (OSError, EOFError) as failed:
                self._dismiss()
                raise BackroomFailed(f"{job.__name__}: {failed}") from failed
            self._rest = threading.Timer(self._idle_seconds, self.close)
            self._rest.daemon = True
            self._rest.start()
        if not succeeded:
            raise result
        return result  # type: ignore[no-any-return]  # what comes out of a pipe has no type

    def close(self) -> None:
        """Stops the child; a later job starts a new one."""
        with self._turn:
            self._stay()
            self._dismiss()

    @property
    def child_pid(self) -> int | None:
        """The process that works for us, or None at rest."""
        return self._child.process.pid if self._child else None

    def _stay(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _dismiss(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.stop()


class _Child:
    def __init__(self) -> None:
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-m", "shop.core.backroom", str(theirs.fileno())]
        self.process = subprocess.Popen(command, cwd=_ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()  # so that the child's death ends our reading

    def ask(self, order: object, seconds: float) -> Any:
        self.pipe.send(order)
        if not self.pipe.poll(seconds):
            raise TimeoutError("the job took too long")
        return self.pipe.recv()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.pipe.close()


def _work(orders: Connection) -> None:
    """The child's life: limits first, then job after job until the shop closes the pipe."""
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    while True:
        try:
            job, args = orders.recv()
        except (EOFError, OSError):
            return
        try:
            orders.send((True, job(*args)))
        except Exception as failed:  # noqa: BLE001  # whatever it is, it belongs to the one who asked
            orders.send((False, failed))


if __name__ == "__main__":
    _work(Connection(int(sys.argv[1])))
