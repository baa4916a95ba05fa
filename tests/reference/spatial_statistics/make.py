"""Makes cells.csv and values.json: what squidpy and pointpats say about one small set of cells.

Run in an environment of its own (pip install squidpy pointpats); neither belongs to the package or its tests:
python make.py
"""

from __future__ import annotations

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")
HERE = Path(__file__).parent
RADII = [5.0, 10.0, 20.0, 40.0]


def cells() -> pd.DataFrame:
    """Return 300 cells in clusters and at random, of three types, with a mark that rises along x."""
    random = np.random.default_rng(20)
    centres = random.uniform(50, 350, (6, 2))
    clustered = centres[random.integers(6, size=180)] + random.normal(0, 20, (180, 2))
    points = np.concatenate([clustered, random.uniform(0, 400, (120, 2))]).clip(0, 400).round(3)
    kinds = np.array(["tumour"] * 150 + ["cd8"] * 80 + ["treg"] * 70)
    mark = (points[:, 0] / 400 + random.normal(0, 0.3, 300)).round(4)
    return pd.DataFrame({"x_um": points[:, 0], "y_um": points[:, 1], "cell_type": kinds, "mark": mark})


def values(table: pd.DataFrame) -> dict[str, object]:
    """Return the published implementations' values, with the calls that gave them."""
    import anndata
    import pointpats
    import squidpy as sq

    at = table[["x_um", "y_um"]].to_numpy()
    data = anndata.AnnData(
        table[["mark"]].to_numpy("f4"), obs=pd.DataFrame({"kind": pd.Categorical(table["cell_type"])})
    )
    data.obsm["spatial"] = at
    found: dict[str, object] = {
        "versions": {name: version(name) for name in ("squidpy", "pointpats", "numpy", "scipy")}
    }
    for label, call in (
        ("knn", {"n_neighs": 6}),
        ("radius", {"radius": 20.0}),
        ("delaunay", {"delaunay": True}),
    ):
        sq.gr.spatial_neighbors(data, coord_type="generic", **call)
        z, counts = sq.gr.nhood_enrichment(data, "kind", n_perms=20000, seed=0, copy=True, show_progress_bar=False)
        moran = sq.gr.spatial_autocorr(data, mode="moran", n_perms=None, copy=True)["I"].iloc[0]
        found[label] = {
            "call": f"spatial_neighbors(coord_type='generic', **{call}); nhood_enrichment(n_perms=20000, seed=0); spatial_autocorr(mode='moran')",
            "types": data.obs["kind"].cat.categories.tolist(),
            "edges": int(data.obsp["spatial_connectivities"].nnz),
            "counts": np.asarray(counts).tolist(),
            "z": np.asarray(z).tolist(),
            "moran": float(moran),
        }
    support = np.array([0.0, *RADII])
    tumour = at[table["cell_type"] == "tumour"]
    found["pointpats"] = {
        "call": "k(tumour, support=[0, 5, 10, 20, 40]), l(..., linearized=False), g(...), hull; edge_correction None",
        "radii": RADII,
        "hull_area": float(pointpats.geometry.area(pointpats.geometry.prepare_hull(tumour, None))),
        "k": pointpats.k(tumour, support=support)[1][1:].tolist(),
        "l": pointpats.l(tumour, support=support)[1][1:].tolist(),
        "g": pointpats.g(tumour, support=support)[1][1:].tolist(),
    }
    return found


if __name__ == "__main__":
    table = cells()
    table.to_csv(HERE / "cells.csv", index=False)
    (HERE / "values.json").write_text(json.dumps(values(table), indent=1) + "\n", encoding="utf-8")
