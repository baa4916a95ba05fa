"""A real ParaView reads what is exported for it, and the script draws it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_run import small_run

from qsp_abm.output.legacy import export_paraview_legacy
from qsp_abm.output.paraview import export_paraview_script

pytestmark = pytest.mark.outside

TRIES = 3  # a virtual screen does not always start
READ = """
import json, sys
from paraview.simple import PVDReader, UpdatePipeline
from paraview.servermanager import Fetch
found = {}
for block in ("cells", "fields"):
    reader = PVDReader(FileName=sys.argv[1] + "_" + block + ".pvd")
    rows = found[block] = []
    for day in reader.TimestepValues:
        UpdatePipeline(day, reader)
        data = Fetch(reader)
        if block == "cells":
            rows.append([day, data.GetNumberOfPoints()])
        else:
            array = data.GetCellData().GetArray("oxygen")
            rows.append([day, sum(array.GetValue(k) for k in range(array.GetNumberOfTuples()))])
print("FOUND", json.dumps(found))
"""


def pvbatch(*arguments: Any) -> str:
    command = ["xvfb-run", "-a", "-s", "-screen 0 1280x1024x24", "pvbatch", *map(str, arguments)]
    for _ in range(TRIES):
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=[(24, 24, 1), (14, 14, 14)], ids=["section", "volume"])
def exported(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    assert shutil.which("pvbatch") and shutil.which("xvfb-run"), "pvbatch and xvfb-run are not installed"
    run = small_run(tmp_path / "run.vtkhdf", request.param)
    export_paraview_legacy(run, tmp_path)
    export_paraview_script(run, tmp_path)
    return run


def test_every_frame_is_read(exported: Any, tmp_path: Path) -> None:
    script = tmp_path / "read.py"
    script.write_text(READ)
    found = json.loads(pvbatch(script, tmp_path / "run").split("FOUND", 1)[1])
    days, counts = zip(*found["cells"], strict=True)
    np.testing.assert_allclose(days, exported.times)
    assert list(counts) == exported.counts.sum(axis=1).to_list()
    sums = exported.field("oxygen").sum(("x", "y", "z"), dtype="f8")
    np.testing.assert_allclose([total for _, total in found["fields"]], sums, rtol=1e-6)


def test_the_script_draws_cells_and_field(exported: Any, tmp_path: Path) -> None:
    pvbatch(tmp_path / "run_paraview.py", tmp_path / "picture.png", 2)
    pixels = np.asarray(Image.open(tmp_path / "picture.png").convert("RGB"))
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 50
