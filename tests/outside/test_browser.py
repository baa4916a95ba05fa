"""A browser without a network shows the page: the numbers beside the cells are those of the run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_run import small_run

from qsp_abm.pictures.colours import colour_of
from qsp_abm.report import write_report

pytestmark = pytest.mark.outside

SETTINGS = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=15000", "--window-size=1280,1000")


def chromium(*arguments: str) -> str:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program, "chromium is not installed"
    offline = "--proxy-server=127.0.0.1:9"  # where nothing listens
    done = subprocess.run(
        [program, *SETTINGS, offline, *arguments], check=False, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("shape", [(24, 24, 1), (14, 14, 14)], ids=["section", "volume"])
def test_the_page_shows_the_run(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    run: Any = small_run(tmp_path / "run.vtkhdf", shape)
    page = write_report(run, tmp_path / "run.html")
    for day, row in ((0, 0), (4, -1)):
        text = chromium("--dump-dom", f"file://{page}#day={day}&field=oxygen")
        shown = [int(each.replace(",", "")) for each in re.findall(r'<b data-code="\d+">([\d,]+)</b>', text)]
        assert shown == run.counts.iloc[row].to_list()
        assert f"day {day}.0" in text
    picture = tmp_path / "page.png"
    chromium(f"--screenshot={picture}", f"file://{page}#day=4")
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    tumour = np.array([int(colour_of("tumour")[k : k + 2], 16) for k in (1, 3, 5)])
    like = np.abs(pixels / np.maximum(pixels.sum(-1, keepdims=True), 1) - tumour / tumour.sum()).max(-1) < 0.02
    assert like.sum() > 500, "no tumour is seen"
