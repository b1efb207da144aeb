"""Where a session's recording lies: the very segments that viewers are sent, and an index of them.

A part is in its file before viewers are told of it, so what a killed process had shown is still there: the next one
reads the index, cuts the last file after its last whole part, and goes on with the next number.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from livestream.video.boxes import Fragment, Init, NotVideo, Splitter, read_init
from livestream.video.packager import TARGET_S, Row, Segment

INDEX = "index.jsonl"


def shelf_of(data_dir: Path, live_id: int) -> Shelf:
    """The shelf of a session under the market's data folder, whether something lies on it or not."""
    return Shelf(data_dir / "live" / str(live_id))


class Shelf:
    """One session's folder. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        return (self.folder / INDEX).exists()

    def path(self, name: str) -> Path:
        return self.folder / name

    def used_bytes(self) -> int:
        """What lies here."""
        return sum(file.stat().st_size for file in self.folder.glob("*")) if self.folder.exists() else 0

    def free_bytes(self) -> int:
        """What the disk still takes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.folder).free

    def keep_init(self, epoch: int, body: bytes) -> None:
        """Before any segment of the epoch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"init-{epoch}.mp4").write_bytes(body)

    def begin(self, segment: Segment) -> None:
        """A segment whose parts follow; what a shorter copy of the index knows nothing of is written anew."""
        (self.folder / f"{segment.msn}.m4s").unlink(missing_ok=True)
        facts = {"epoch": segment.epoch, "begins_at": segment.begins_at, "breaks": segment.breaks}
        self._note({"begin": segment.msn, **facts})

    def append(self, msn: int, part: bytes) -> None:
        """The next part of the segment that was begun last."""
        with (self.folder / f"{msn}.m4s").open("ab") as file:
            file.write(part)

    def close(self, row: Row) -> None:
        """The segment is whole."""
        self._note(asdict(row))

    def _note(self, line: dict[str, Any]) -> None:
        with (self.folder / INDEX).open("a", encoding="utf-8") as index:
            index.write(json.dumps(line, separators=(",", ":")) + "\n")

    def init(self, epoch: int) -> bytes | None:
        """What players need before the segments of an epoch."""
        file = self.folder / f"init-{epoch}.mp4"
        return file.read_bytes() if file.exists() else None

    def load(self) -> list[Row]:
        """All segments, in order. One that was still growing when its process died is closed after its last part."""
        rows: list[Row] = []
        begun: dict[str, Any] | None = None
        for line in self._lines():
            if "begin" in line:
                begun = line
            elif self._is_whole(row := Row(**line)):
                rows.append(row)
                begun = None
        if begun and (rescued := self._rescue(begun)):
            rows.append(rescued)
        return rows

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.exists:
            return
        for line in (self.folder / INDEX).read_text("utf-8").splitlines():
            with contextlib.suppress(ValueError):  # the last one may be cut short
                yield json.loads(line)

    def _is_whole(self, row: Row) -> bool:
        file = self.folder / f"{row.msn}.m4s"
        return file.exists() and file.stat().st_size == row.bytes

    def _rescue(self, begun: dict[str, Any]) -> Row | None:
        """The whole parts of a segment that nobody closed."""
        file, head = self.folder / f"{begun['begin']}.m4s", self.init(begun["epoch"])
        fragments = _whole_parts(head, file.read_bytes()) if head and file.exists() else []
        if not fragments:
            file.unlink(missing_ok=True)
            return None
        body = b"".join(fragment.body for fragment in fragments)
        os.truncate(file, len(body))  # whole parts come first, and a full disk lets a file grow shorter
        length_s = min(sum(fragment.duration_s for fragment in fragments), float(TARGET_S))
        row = Row(begun["begin"], begun["epoch"], length_s, begun["begins_at"], begun["breaks"], len(body))
        self.close(row)
        return row

    def clear(self) -> None:
        """Delete the pictures of this session, for good."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _whole_parts(head: bytes, body: bytes) -> list[Fragment]:
    found: list[Init | Fragment] = []
    with contextlib.suppress(NotVideo):
        found = Splitter(read_init(head)).feed(body)
    return [one for one in found if isinstance(one, Fragment)]
