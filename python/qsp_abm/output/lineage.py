"""Who descends from whom: the tree of all agents that a run ever held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qsp_abm.errors import ModelError
from qsp_abm.output.layout import Array

if TYPE_CHECKING:
    import pandas as pd

    from qsp_abm.output.reader import Run

__all__ = ["Lineage"]

_ENTRIES = ("started", "given", "born", "recruited")  # causes that bring an agent into the tissue
_CHANGES = ("became",)  # causes that neither bring nor take one


class Lineage:
    """The tree of the agents of a run.

    A mother keeps her identity when she divides; her daughter gets a new one. So a branch is an agent over its life.

    Parameters
    ----------
    run
        A run, as far as it is recorded.

    Attributes
    ----------
    agents
        One row an agent (index: id): `parent` (0: none), `founder` (its first ancestor), `generation` (divisions from the founder
        to its birth), `born` and `ended` (day; NaN while it is there), `came` and `went` (the causes, as names). An agent ends
        when its last part leaves the tissue; death that leaves remains comes before that, and is in `died`.
    """

    def __init__(self, run: Run) -> None:
        import pandas as pd

        rows = run.lineage
        cause = rows["cause"].astype(str)
        entries = rows[cause.isin(_ENTRIES)]
        ends = rows[~cause.isin((*_ENTRIES, *_CHANGES))]
        size = int(entries["child"].max()) + 1 if len(entries) else 1
        self._parent = np.zeros(size, "i8")
        self._parent[entries["child"]] = entries["parent"]
        self._born = np.full(size, np.nan)
        self._born[entries["child"]] = entries["time"]
        founder, generation = self._founders(-np.inf)
        ids = np.flatnonzero(~np.isnan(self._born))
        index = pd.Index(ids, name="id")
        last, first = ends.drop_duplicates("child", keep="last"), ends.drop_duplicates("child")
        deaths = first[first["cause"].astype(str).str.startswith("died")]
        self.agents = pd.DataFrame(
            {
                "parent": self._parent[ids],
                "founder": founder[ids],
                "generation": generation[ids],
                "born": self._born[ids],
                "came": entries.set_index("child")["cause"].reindex(index).astype(str),
                "died": deaths.set_index("child")["time"].reindex(index),
                "ended": last.set_index("child")["time"].reindex(index),
                "went": last.set_index("child")["cause"].reindex(index).astype(object),
            },
            index=index,
        )

    def clone_of(self, ids: Array, barcoded: float | None = None) -> Array:
        """Return the clone of each agent, named by the identity of its founder.

        Parameters
        ----------
        ids
            (N,) identities.
        barcoded
            Day at which every living agent founded a clone of its own, as in a barcoding experiment; None: the founders of the run.
        """
        founder, _ = self._founders(-np.inf if barcoded is None else barcoded)
        ids = np.asarray(ids, "i8")
        if len(ids) and not (ids.min() > 0 and ids.max() < len(founder)):
            raise ModelError(f"lineage: identity {ids.max()} is not recorded; allowed: 1 to {len(founder) - 1}")
        return founder[ids]

    def ancestors(self, agent: int) -> list[int]:
        """Return an agent and its mothers, back to its founder."""
        if agent not in self.agents.index:
            raise ModelError(f"lineage: no agent {agent}; allowed: 1 to {int(self.agents.index.max())}")
        found = [agent]
        while mother := int(self._parent[found[-1]]):
            found.append(mother)
        return found

    def newick(self, founder: int, until: float) -> str:
        """Return the tree below a founder in Newick format, with branch lengths in days.

        Parameters
        ----------
        founder
            Identity of an agent.
        until
            Day at which branches that still live end.
        """
        self.ancestors(founder)  # refuses an unknown one
        born = self.agents["born"]
        end = self.agents["died"].fillna(self.agents["ended"]).fillna(until)
        daughters: dict[int, list[int]] = {}
        for agent, mother in self.agents.sort_values("born", kind="stable")["parent"].items():
            daughters.setdefault(int(mother), []).append(int(str(agent)))
        done: dict[int, str] = {}
        stack = [founder]
        while stack:  # a deep tree must not meet the limit of recursion
            agent = stack[-1]
            young = daughters.get(agent, [])
            if todo := [each for each in young if each not in done]:
                stack += todo
                continue
            stack.pop()
            below, text = float(end[agent]), str(agent)
            for each in reversed(young):
                split = float(born[each])
                text = f"({text}:{below - split:g},{done.pop(each)})"
                below = split
            done[agent] = f"{text}:{below - float(born[agent]):g}"
        return f"{done[founder]};"

    def clones(
        self, run: Run, types: Sequence[str], frames: Sequence[int] | None = None, barcoded: float | None = None
    ) -> pd.DataFrame:
        """Return the size of each clone (columns) at frames (index: day), counting agents of some types.

        Parameters
        ----------
        run
            The run of this lineage.
        types
            Cell types that count.
        frames
            Numbers of frames; None: all.
        barcoded
            As in `clone_of`.
        """
        import pandas as pd

        founder, _ = self._founders(-np.inf if barcoded is None else barcoded)
        chosen = range(run.frames) if frames is None else frames
        sizes = []
        for frame in chosen:
            cells = run.cells(frame=frame, columns=("id", "cell_type"))
            clones = founder[cells.loc[cells["cell_type"].isin(types), "id"].to_numpy("i8")]
            sizes.append(pd.Series(clones).value_counts())
        days = pd.Index(run.times[list(chosen)], name="day")
        table = pd.DataFrame(sizes).fillna(0).astype("i8")
        table.index = days
        return table[sorted(table.columns)]

    def _founders(self, since: float) -> tuple[Array, Array]:
        """Return founder and generation of every identity, counting only divisions after a day."""
        ids = np.arange(len(self._parent))
        linked = (self._parent > 0) & (self._born > since)
        above, steps = np.where(linked, self._parent, ids), linked.astype("i8")
        while True:  # each round doubles the length of the jumps
            further = above[above]
            if np.array_equal(further, above):
                return above, steps
            steps = steps + steps[above]
            above = further
