"""One file brings the market back; what stands in the way is said in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from shop.backups import backup, restore
from tests.rehearsals.stand import Stand

on_postgresql = pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


class TestBackup:
    @on_postgresql
    def test_without_the_programs_of_postgresql_it_says_what_to_install(self, tmp_path: Path, db_url: str) -> None:
        told = Stand(tmp_path / "stand", db_url, PATH="/nowhere").chohtx("backup", str(tmp_path / "market.tar.gz"))
        assert (told.returncode, told.stderr.count("\n")) == (2, 1)
        assert "pg_dump is not on this machine" in told.stderr
        assert not (tmp_path / "market.tar.gz").exists()

    @on_sqlite
    def test_it_is_never_restored_over_a_market_that_is_there(self, tmp_path: Path, db_url: str) -> None:
        stand = Stand(tmp_path / "stand", db_url)
        file = tmp_path / "market.tar.gz"
        assert stand.chohtx("backup", str(file)).returncode == 0
        told = stand.chohtx("restore", str(file))
        assert (told.returncode, "exists" in told.stderr) == (2, True)

    @on_sqlite
    def test_it_comes_back_to_another_disk_than_the_one_it_is_unpacked_on(self, tmp_path: Path, db_url: str) -> None:
        other_disk = Path("/dev/shm")  # noqa: S108  the only second file system that most machines have
        if not other_disk.is_dir() or other_disk.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("no second file system here")
        stand, file = Stand(tmp_path / "stand", db_url), tmp_path / "market.tar.gz"
        (stand.settings.media_dir / "pictures").mkdir(parents=True)
        stand.settings.private_dir.mkdir()
        (stand.settings.private_dir / "at-the-door.jpg").write_bytes(b"a house")
        assert stand.chohtx("backup", str(file)).returncode == 0
        empty = Stand(tmp_path / "empty", TMPDIR=str(other_disk))
        told = empty.chohtx("restore", str(file))
        assert (told.returncode, told.stderr) == (0, "")
        assert (empty.settings.media_dir / "pictures").is_dir()
        assert (empty.settings.private_dir / "at-the-door.jpg").read_bytes() == b"a house"
        empty.verify()

    @on_sqlite
    @pytest.mark.parametrize(("kept", "says"), [(0, "is not a whole backup"), (-30, "is not a whole backup")])
    def test_a_file_that_is_cut_off_is_refused_and_nothing_is_made(
        self, tmp_path: Path, db_url: str, kept: int, says: str
    ) -> None:
        whole, cut = tmp_path / "market.tar.gz", tmp_path / "cut.tar.gz"
        assert Stand(tmp_path / "stand", db_url).chohtx("backup", str(whole)).returncode == 0
        cut.write_bytes(whole.read_bytes()[:kept])
        empty = Stand(tmp_path / "empty")
        told = empty.chohtx("restore", str(cut))
        assert (told.returncode, told.stderr.count("\n"), says in told.stderr) == (2, 1, True), told.stderr
        assert not (empty.folder / "chohtx.sqlite").exists()

    @on_sqlite
    def test_it_says_how_far_it_has_come(self, tmp_path: Path, db_url: str) -> None:
        stand, file = Stand(tmp_path / "stand", db_url), tmp_path / "market.tar.gz"
        stand.settings.media_dir.mkdir()
        (stand.settings.media_dir / "picture.bin").write_bytes(b"x" * 100_000)
        seen: list[tuple[str, int, int]] = []
        backup(stand.settings, file, lambda *step: seen.append(step))
        restore(Stand(tmp_path / "empty").settings, file, lambda *step: seen.append(step))
        names = list(dict.fromkeys(what for what, _done, _of in seen))
        assert names == ["copying the database", "packing", "unpacking", "filling the database"]
        for name in names:
            steps = [(done, of) for what, done, of in seen if what == name]
            assert steps == sorted(steps)
            assert steps[-1][0] == steps[-1][1] > 0
