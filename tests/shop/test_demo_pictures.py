"""The demo's pictures: the same each time, every name the market uses, and a clip that any phone plays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shop.demo import clip, drawings
from shop.demo.market import content, goods


def test_every_picture_of_the_demo_market_is_drawn() -> None:
    wanted = {name for one in goods() for name in one["pictures"]}
    assert wanted <= set(drawings.DRAWINGS)


def test_places_belong_to_co_ops_of_the_market() -> None:
    assert set(drawings.PLACES) <= {coop["slug"] for coop in content("coops")["coop"]}


@pytest.mark.parametrize("name", ["dragon-red-box", "face-3", "place-htx-bien-mui-ne"])
def test_a_picture_is_the_same_each_time(name: str) -> None:
    first, second = drawings.draw(name, (320, 240)), drawings.draw(name, (320, 240))
    assert first.tobytes() == second.tobytes()
    assert len(set(first.resize((32, 24)).get_flattened_data())) > 50  # something is on it


def test_the_clip_is_h264_for_old_phones_and_made_once(tmp_path: Path) -> None:
    key = clip.make_clip(tmp_path)
    made_at = (tmp_path / key).stat().st_mtime_ns
    told = subprocess.run(
        [clip.encoder(), "-i", str(tmp_path / key)], capture_output=True, text=True, check=False
    ).stderr
    assert "h264 (Main)" in told
    assert "yuv420p" in told
    assert "540x960" in told
    assert (tmp_path / key).stat().st_size < 2_500_000
    assert (tmp_path / clip.POSTER).stat().st_size > 5_000
    clip.make_clip(tmp_path)
    assert (tmp_path / key).stat().st_mtime_ns == made_at
