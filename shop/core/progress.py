"""How far a long command has come: services say it, the command line shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


def silent(_what: str, _done: int, _of: int) -> None:
    """Nobody looks on."""


@contextmanager
def shown() -> Iterator[Progress]:
    """Bars on standard error, one for each thing that is done, gone at the end; nothing where no person looks on."""
    from rich.console import Console  # only the command line shows it
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    screen = Console(stderr=True)
    with Bar(console=screen, transient=True, disable=not screen.is_interactive) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            bar.update(tasks[what], completed=done, total=of)

        yield show


class Counted(FileIO):
    """A file to read from that says how many more bytes were read."""

    def __init__(self, path: Path, told: Callable[[int], None]) -> None:
        super().__init__(path)
        self._told = told

    def read(self, size: int | None = -1) -> bytes:
        """As any file's."""
        part = super().read(size)
        self._told(len(part))
        return part
