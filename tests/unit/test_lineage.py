"""Descent and clones, from events known by hand and from a run of the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_run import description, frame

import qsp_abm as qa
from qsp_abm.output import Writer, open_run


@pytest.fixture
def family(tmp_path: Path) -> qa.Run:
    """Return a run in which 1 has 3 (day 1) and 4 (day 2), 3 has 5 (day 2.5), 2 dies on day 1, 4 leaves remains that go."""
    causes = ("started", "born", "became", "died_killed", "left", "died_clearance")
    rows = [(0, 1, 0, 0), (0, 2, 0, 0), (1, 3, 1, 1), (1, 2, 0, 3), (2, 4, 1, 1), (2.5, 5, 3, 1)]
    rows += [(2.6, 5, 0, 2), (3, 4, 0, 3), (3.5, 4, 0, 5)]
    about = description(causes=causes)
    path = tmp_path / "family.vtkhdf"
    with Writer(path, about) as writer:
        writer.lineage(rows)
        writer.frame(frame(about, 0, 5))
    return open_run(path)


def test_descent(family: qa.Run) -> None:
    tree = family.tree
    agents = tree.agents
    assert agents["founder"].to_list() == [1, 2, 1, 1, 1]
    assert agents["generation"].to_list() == [0, 0, 1, 1, 2]
    assert agents["came"].to_list() == ["started", "started", "born", "born", "born"]
    assert agents.loc[4, ["died", "ended", "went"]].to_list() == [3.0, 3.5, "died_clearance"]
    assert agents.loc[[1, 3, 5], "ended"].isna().all()
    assert tree.ancestors(5) == [5, 3, 1]
    assert tree.clone_of(np.array([5, 4, 2])).tolist() == [1, 1, 2]
    assert tree.clone_of(np.array([5, 4, 2]), barcoded=1.5).tolist() == [3, 1, 2]


def test_newick(family: qa.Run) -> None:
    assert family.tree.newick(1, until=4.0) == "((1:2,4:1):1,(3:1.5,5:1.5):1.5):1;"
    assert family.tree.newick(2, until=4.0) == "2:1;"


def test_unknown_agents_are_refused(family: qa.Run) -> None:
    with pytest.raises(qa.ModelError, match="no agent 9; allowed: 1 to 5"):
        family.tree.ancestors(9)
    with pytest.raises(qa.ModelError, match="identity 9 is not recorded"):
        family.tree.clone_of(np.array([9]))


def test_clones_of_a_run_add_up_to_its_counts(tmp_path: Path) -> None:
    cell = qa.CellType(name="cell", volume=2000.0, processes=(qa.Divide(rate="0.8 / day"), qa.Die(rate="0.2 / day")))
    model = qa.Model(
        lattice=qa.Lattice(shape=(30, 30, 1), spacing=20.0, thickness=20.0),
        cells=(qa.Group(name="cell", types=(cell,)),),
    )
    start = qa.Ball("cell", radius=100.0)
    run = qa.Simulation(model, start, seed=1, threads=1).run("3 day", record=tmp_path / "run.vtkhdf", every="1 day")
    assert run is not None
    tree, kind = run.tree, run.types[0]
    sizes = tree.clones(run, [kind])
    assert sizes.sum(axis=1).to_list() == run.counts[kind].to_list()
    assert set(sizes.columns) <= set(run.cells(frame=0)["id"])
    again = tree.clones(run, [kind], [-1], barcoded=3.0)
    assert (again.iloc[0] == 1).all()
    last = run.cells()
    born_later = last[last["parent"] > 0]
    assert (tree.agents.loc[born_later["id"], "parent"].to_numpy() == born_later["parent"].to_numpy()).all()
