"""Files made of a recording when somebody wants them: a still, the whole film as MP4, a vertical clip of one item.

Everything here blocks, and runs in the stage's thread for films, one after the other; the work itself is done by a
child process of low priority with a time limit. A file appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from livestream.video.boxes import Init, read_init
from livestream.video.packager import Row
from livestream.video.remux import program, restrain
from livestream.video.shelf import Shelf

STILL_S, FILM_S, CLIP_S = 10, 900, 180
LONGEST_CLIP_S = 60
_AS_STREAM = ("-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "mpegts")
_QUIET = ("-hide_banner", "-loglevel", "error", "-nostdin", "-y", "-threads", "1")
_VERTICAL = "scale=540:960:force_original_aspect_ratio=increase,crop=540:960,setsar=1"
_SPOKEN = ("-c:a", "aac", "-b:a", "64k", "-ac", "1")
_ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "27", "-pix_fmt", "yuv420p", "-c:a", "copy")


class NotMade(Exception):
    """The film could not be made; the message says what the program said."""


def still(init: bytes, part: bytes) -> bytes:
    """The first picture of a part that begins with a key frame, as JPEG. Raises NotMade."""
    command = [program(), *_QUIET, "-i", "pipe:0", "-frames:v", "1", "-q:v", "4", "-f", "mjpeg", "pipe:1"]
    return _run(command, (init, part), STILL_S)


def whole_film(shelf: Shelf, rows: Sequence[Row]) -> Path:
    """All of a recording as one MP4 that can be played while it loads. Raises NotMade."""
    target = shelf.path("video.mp4")
    with _place(target) as new, tempfile.TemporaryDirectory(dir=shelf.folder, prefix=".film-") as folder:
        epochs = [list(run) for _epoch, run in groupby(rows, key=lambda row: row.epoch)]
        if len(epochs) == 1:
            _run([program(), *_QUIET, "-i", "pipe:0", *_copied(new)], _bytes(shelf, epochs[0]), FILM_S)
        else:
            _join(shelf, epochs, Path(folder), new)
    return target


@dataclass(frozen=True)
class Filmed:
    """A file that another program recorded into the session's folder; `begins_at` is a Unix time."""

    name: str
    begins_at: float
    duration_s: float


def joined(shelf: Shelf, filmed: Sequence[Filmed]) -> Path:
    """Files that another program recorded, as one MP4. Raises NotMade."""
    files = [shelf.path(one.name) for one in filmed if shelf.path(one.name).exists()]
    if not files:
        raise NotMade("its files are not here")
    target = shelf.path("video.mp4")
    with _place(target) as new, tempfile.TemporaryDirectory(dir=shelf.folder, prefix=".film-") as folder:
        if len(files) == 1:
            _run([program(), *_QUIET, "-i", str(files[0]), *_copied(new)], (), FILM_S)
        else:
            parts = [Path(folder) / f"{place}.ts" for place in range(len(files))]
            for file, part in zip(files, parts, strict=True):
                _run([program(), *_QUIET, "-i", str(file), *_AS_STREAM, str(part)], (), FILM_S)
            _one_after_the_other(parts, Path(folder), new)
    return target


def _join(shelf: Shelf, epochs: Sequence[Sequence[Row]], folder: Path, new: Path) -> None:
    """Recordings of several shapes become one: each carries its own description of the picture in the stream."""
    names = []
    for place, run in enumerate(epochs):
        names.append(folder / f"{place}.ts")
        _run([program(), *_QUIET, "-i", "pipe:0", *_AS_STREAM, str(names[-1])], _bytes(shelf, run), FILM_S)
    _one_after_the_other(names, folder, new)


def _one_after_the_other(names: Sequence[Path], folder: Path, new: Path) -> None:
    listed = folder / "all.txt"
    listed.write_text("".join(f"file '{name.name}'\n" for name in names))
    _run([program(), *_QUIET, "-f", "concat", "-i", str(listed), *_copied(new)], (), FILM_S)


def _copied(new: Path) -> list[str]:
    return ["-c", "copy", "-movflags", "+faststart", "-f", "mp4", str(new)]


def clip(shelf: Shelf, rows: Sequence[Row], item_id: int, from_s: float, to_s: float) -> Path:
    """A vertical film of at most a minute, from one moment of the recording (Unix times) to another. Raises NotMade."""
    shown = _around(rows, from_s, min(to_s, from_s + LONGEST_CLIP_S))
    init = shelf.init(shown[0].epoch) if shown else None
    if init is None:
        raise NotMade("nothing was recorded then")
    target = shelf.path(f"clip-{item_id}.mp4")
    skip_s = max(0.0, from_s - shown[0].begins_at)
    length_s = min(LONGEST_CLIP_S, to_s - from_s, sum(row.duration_s for row in shown) - skip_s)
    cut = ["-ss", f"{skip_s:.2f}", "-t", f"{length_s:.2f}", "-vf", _VERTICAL, *_ENCODED]
    if is_upright(read_init(init)):
        whole_s = min(LONGEST_CLIP_S, skip_s + length_s)
        cut = ["-c", "copy", "-t", f"{whole_s:.2f}"]  # already the right shape: its segments as they are
    with _place(target) as new:
        shape = ["-movflags", "+faststart", "-f", "mp4", str(new)]
        _run([program(), *_QUIET, "-i", "pipe:0", *cut, *shape], _bytes(shelf, shown), CLIP_S)
    return target


def clip_of(shelf: Shelf, filmed: Sequence[Filmed], item_id: int, from_s: float, to_s: float) -> Path:
    """As `clip`, from files that another program recorded: of the file that shows most of it. Raises NotMade."""
    to_s = min(to_s, from_s + LONGEST_CLIP_S)
    here = [one for one in filmed if shelf.path(one.name).exists()]
    spans = [(max(from_s, one.begins_at), min(to_s, one.begins_at + one.duration_s), one) for one in here]
    begins, ends, one = max(spans, key=lambda span: span[1] - span[0], default=(0.0, 0.0, None))
    if one is None or ends <= begins:
        raise NotMade("nothing was recorded then")
    target = shelf.path(f"clip-{item_id}.mp4")
    where = ["-ss", f"{begins - one.begins_at:.2f}", "-t", f"{ends - begins:.2f}", "-i", str(shelf.path(one.name))]
    with _place(target) as new:
        shape = ["-movflags", "+faststart", "-f", "mp4", str(new)]
        _run([program(), *_QUIET, *where, "-vf", _VERTICAL, *_ENCODED, *_SPOKEN, *shape], (), CLIP_S)
    return target


def is_upright(init: Init) -> bool:
    """Whether the picture is higher than wide."""
    return any(track.height > track.width for track in init.tracks.values() if track.kind == b"vide")


def _around(rows: Sequence[Row], from_s: float, to_s: float) -> list[Row]:
    """The segments of one epoch that show these moments."""
    shown = [row for row in rows if row.begins_at + row.duration_s > from_s and row.begins_at < to_s]
    return [row for row in shown if row.epoch == shown[0].epoch]


def _bytes(shelf: Shelf, rows: Sequence[Row]) -> Iterator[bytes]:
    yield shelf.init(rows[0].epoch) or b""
    for row in rows:
        with contextlib.suppress(FileNotFoundError):
            yield shelf.path(f"{row.msn}.m4s").read_bytes()


@contextlib.contextmanager
def _place(target: Path) -> Iterator[Path]:
    """A name beside the target; the target appears when the block ends well."""
    new = target.with_name(f".new-{target.name}")
    try:
        yield new
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def _run(command: Sequence[str], fed: Iterable[bytes], seconds: int) -> bytes:
    """What the program wrote to its output. Raises NotMade when it fails or takes too long."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=said)
        restrain(child.pid, processor_s=seconds, writes=True)
        try:
            _feed(child, fed)
            child.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise NotMade("it took too long") from late
        finally:
            child.kill()
            child.wait()
        if child.returncode:
            said.seek(0)
            raise NotMade(said.read()[-300:].decode("utf-8", "replace"))
        out.seek(0)
        return out.read()


def _feed(child: subprocess.Popen[bytes], fed: Iterable[bytes]) -> None:
    assert child.stdin  # noqa: S101  a pipe
    with contextlib.suppress(BrokenPipeError):  # it has seen enough, or failed: its end says which
        for piece in fed:
            child.stdin.write(piece)
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
