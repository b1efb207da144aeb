"""A recording in a backup: the films of sessions come back with the market, also one that went on meanwhile."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from livestream.video.packager import Packager, whole_playlist
from livestream.video.shelf import Shelf, shelf_of
from shop.backups import CannotRestore, backup, restore
from tests.livestream.video.filmed import film, fragments, pieces
from tests.livestream.video.playlists import read, require_valid
from tests.rehearsals.stand import Stand

pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
EPOCH = 1_700_000_000.0


@pytest.fixture
def stand(tmp_path: Path, db_url: str) -> Stand:
    return Stand(tmp_path / "stand", db_url)


def record(shelf: Shelf, epoch: int, seconds: int) -> None:
    """As a stage does it: each part is in its file before the next; the last segment stays open."""
    made = Packager(shelf.load())
    made.open_epoch(epoch)
    recording = film(seconds)
    shelf.keep_init(epoch, pieces(recording)[0])
    for second, fragment in enumerate(fragments(recording)):
        before = len(made.rows)
        made.add(fragment, EPOCH + epoch * 100 + second)
        for row in made.rows[before:]:
            shelf.close(row)
        growing = made.growing
        if growing and len(growing.parts) == 1:
            shelf.begin(growing)
        if growing:
            shelf.append(growing.msn, growing.parts[-1].body)


def seconds_on(shelf: Shelf) -> float:
    whole = read(whole_playlist(shelf.load()).decode())
    require_valid(whole)
    return sum(one.duration_s for one in whole.segments)


def test_what_was_filmed_comes_back_and_goes_on(stand: Stand, tmp_path: Path) -> None:
    here, file = shelf_of(stand.folder, 7), tmp_path / "market.tar.gz"
    record(here, 1, 8)
    for name in ("video.mp4", "clip-3.mp4", ".new-video.mp4"):
        here.path(name).write_bytes(b"made of it")
    here.path("poster.jpg").write_bytes(b"picture")
    backup(stand.settings, file)
    empty = Stand(tmp_path / "empty")
    restore(empty.settings, file)
    there = shelf_of(empty.folder, 7)
    assert sorted(path.name for path in there.folder.iterdir() if not path.name[0].isdigit()) == [
        "index.jsonl",
        "init-1.mp4",
        "poster.jpg",
    ]
    assert there.path("0.m4s").read_bytes() == here.path("0.m4s").read_bytes()
    assert seconds_on(there) == pytest.approx(8, abs=0.2)
    record(there, 2, 4)
    assert seconds_on(there) == pytest.approx(12, abs=0.4)


def test_an_index_that_is_newer_than_what_was_packed_loses_its_end_and_nothing_else(
    stand: Stand, tmp_path: Path
) -> None:
    shelf = shelf_of(tmp_path, 7)
    record(shelf, 1, 8)
    last = shelf.load()[-1].msn
    shelf.path(f"{last}.m4s").unlink()
    half = shelf.path(f"{last - 1}.m4s")
    half.write_bytes(half.read_bytes()[:-100])
    kept_s = seconds_on(shelf)
    assert 3 < kept_s < 7
    record(shelf, 2, 4)
    assert seconds_on(shelf) == pytest.approx(kept_s + 4, abs=0.4)


def test_who_keeps_films_elsewhere_leaves_them_out(stand: Stand, tmp_path: Path) -> None:
    record(shelf_of(stand.folder, 7), 1, 2)
    file = tmp_path / "market.tar.gz"
    assert stand.chohtx("backup", "--no-recordings", str(file)).returncode == 0
    with tarfile.open(file) as packed:
        assert not [name for name in packed.getnames() if name.startswith("live")]


def test_films_are_never_written_over(stand: Stand, tmp_path: Path) -> None:
    file, other = tmp_path / "market.tar.gz", Stand(tmp_path / "other")
    backup(stand.settings, file)
    record(shelf_of(other.folder, 9), 1, 2)
    with pytest.raises(CannotRestore, match="not empty"):
        restore(other.settings, file)
