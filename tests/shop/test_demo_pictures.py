"""The demo's pictures: the same each time, every name the market uses, and a clip that any phone plays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from PIL import ImageChops

from shop.demo import clip, drawings
from shop.demo.drawings.places import PLACES
from shop.demo.market import content, goods


def test_every_picture_of_the_demo_market_is_drawn_and_no_two_are_alike() -> None:
    names = {name for one in goods() for name in one["pictures"]}
    names |= {f"place-{coop['slug']}" for coop in content("coops")["coop"]}
    names |= {f"face-{number}" for number in range(1, len(content("coops")["coop"]) + 1)}
    drawn = {drawings.draw(name, (96, 72)).tobytes() for name in names}
    assert len(drawn) == len(names)


def test_a_name_that_nobody_can_draw_is_said_so() -> None:
    with pytest.raises(KeyError):
        drawings.draw("durian")


def test_places_belong_to_co_ops_of_the_market() -> None:
    assert set(PLACES) <= {coop["slug"] for coop in content("coops")["coop"]}


@pytest.mark.parametrize("name", ["dragon-red-box", "face-3", "dragon-red-box-2", "place-htx-bien-mui-ne"])
def test_a_picture_is_the_same_each_time(name: str) -> None:
    first, second = drawings.draw(name, (320, 240)), drawings.draw(name, (320, 240))
    assert first.tobytes() == second.tobytes()
    assert len(set(first.resize((32, 24)).get_flattened_data())) > 50  # something is on it


def test_the_clip_is_h264_for_old_phones_and_made_once(tmp_path: Path) -> None:
    seconds = 3
    key = clip.make_clip(tmp_path, seconds * clip.FRAMES_PER_S)
    made_at = (tmp_path / key).stat().st_mtime_ns
    told = subprocess.run(
        [clip.encoder(), "-i", str(tmp_path / key)], capture_output=True, text=True, check=False
    ).stderr
    assert "h264 (Main)" in told
    assert "yuv420p" in told
    assert "540x960" in told
    assert (tmp_path / key).stat().st_size < 2_500_000 * seconds // clip.SECONDS
    assert f"Duration: 00:00:0{seconds}" in told
    assert (tmp_path / clip.POSTER).stat().st_size > 5_000
    clip.make_clip(tmp_path)
    assert (tmp_path / key).stat().st_mtime_ns == made_at


def test_the_clip_ends_where_it_begins_and_moves_in_between() -> None:
    scene = clip.Scene()
    first = scene.frame(0)

    def changed(number: int) -> float:
        """The share of the picture that is not as at first."""
        seen = ImageChops.difference(first, scene.frame(number)).convert("L")
        return sum(seen.histogram()[25:]) / (clip.SIZE[0] * clip.SIZE[1])

    assert changed(clip.FRAMES) == 0
    assert changed(clip.FRAMES - 1) < 0.06 < changed(clip.FRAMES // 3)


def test_without_any_encoder_it_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "missing"))
    with pytest.raises((clip.NoEncoder, FileNotFoundError)):
        clip.make_clip(tmp_path)
