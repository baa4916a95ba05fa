"""squidpy opens an exported frame and computes with it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_run import small_run

from qsp_abm.output.annotated import export_anndata

pytestmark = pytest.mark.outside


def test_squidpy_runs_on_an_exported_frame(tmp_path: Path) -> None:
    run: Any = small_run(tmp_path / "run.vtkhdf")
    path = export_anndata(run, tmp_path, [run.frames - 1])[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other packages
        import anndata
        import squidpy

        table = anndata.read_h5ad(path)
        squidpy.gr.spatial_neighbors(table, coord_type="generic", radius=40.0)
        squidpy.gr.nhood_enrichment(table, cluster_key="cell_type", n_perms=20, seed=1, show_progress_bar=False)
        squidpy.gr.spatial_autocorr(table, mode="moran", n_perms=20, n_jobs=1, show_progress_bar=False)
    kinds = table.obs["cell_type"].cat.categories
    assert table.uns["cell_type_nhood_enrichment"]["zscore"].shape == (len(kinds), len(kinds))
    assert set(table.uns["moranI"].index) == set(table.var_names)
    assert np.isfinite(table.uns["moranI"]["I"]).any()
