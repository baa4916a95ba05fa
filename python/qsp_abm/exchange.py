"""A coupling at work: the accounts of the tissue, the cells outside the window, and what the body is told next."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .coupling import Happened, Living, MeanField, VesselSupply, conversion
from .errors import ModelError
from .model import Model

__all__ = ["Exchange"]

Floats = NDArray[np.float64]

_PMOL = 1e-12  # pmol in 1 nM um^3: 1e-9 mol/L x 1e-15 L x 1e12


class Exchange:
    """Keeps the accounts of a coupling.

    Parameters
    ----------
    model
        With a coupling and a lattice that has its shape.
    engine
        The tissue.

    Attributes
    ----------
    scale
        Windows in the lesion.
    steps
        Steps from one exchange to the next.
    inputs
        What the body is told until the next exchange, in the order of `names`.
    outside
        Cells of each type that were pushed out of the window, and what became of them, in cells of the whole lesion.
    """

    def __init__(self, model: Model, engine: Any) -> None:
        if model.coupling is None:
            raise ModelError("coupling: the model has none")
        self._model, self._engine, self._coupling = model, engine, model.coupling
        self.scale = self._coupling.windows(model.lattice)
        self.steps = 1 if self._coupling.exchange is None else round(self._coupling.exchange / model.dt)
        self.names = tuple(self._coupling.inputs)
        self._factors = [conversion(model, name) for name in self.names]
        self._types = list(model.types)
        self._codes = {name: self._members(source) for name, source in self._coupling.inputs.items()}
        self._fields = {field.name: place for place, field in enumerate(model.fields)}
        self._solid = np.array([each.occupies == "solid" and not each.dead for each in model.types.values()])
        self.outside = np.zeros(len(self._types))
        self._net = np.zeros(
            len(self._types)
        )  # per-capita net rates, 1/day, with weights that fade over the smoothing time
        self._weight = np.zeros(1)  # the sum of those weights: below 1 as long as the run is young
        self._before = self._accounts()
        self.inputs = np.zeros(len(self.names))

    def begin(self) -> None:
        """Take the start as it is: numbers of cells are told at once, events have not happened yet."""
        self._before = self._accounts()
        self.inputs = self._told(dict.fromkeys(self._before, np.zeros(len(self._types))), {}, 0.0)

    def advance(self) -> None:
        """Close the accounts of an exchange step and work out what the body is told over the next one."""
        elapsed = self.steps * self._model.dt
        now = self._accounts()
        events = {name: now[name] - self._before[name] for name in now}
        given = {name[1:]: float(events[name][0]) for name in events if name.startswith("@")}
        self._age_outside(events, elapsed)
        self._before = now
        self.inputs = self._told(events, given, elapsed)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what the future depends on."""
        accounts = {f"account_{name}": values for name, values in self._before.items()}
        own = {"inputs": self.inputs, "outside": self.outside, "net": self._net, "weight": self._weight}
        return {name: values.copy() for name, values in (own | accounts).items()}

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Return to a state."""
        self.inputs, self.outside = np.array(state["inputs"]), np.array(state["outside"])
        self._net, self._weight = np.array(state["net"]), np.array(state["weight"])
        self._before = {name: np.array(state[f"account_{name}"]) for name in self._before}

    def _members(self, source: Any) -> NDArray[np.bool_]:
        wanted = {name for each in getattr(source, "types", ()) for name in self._model.types_named(each, "coupling")}
        return np.array([name in wanted and not kind.dead for name, kind in self._model.types.items()])

    def _accounts(self) -> dict[str, Floats]:
        """Return what ever happened, by event and type; of fields by ``@name``."""
        names, rows = self._engine.tally()
        tally = dict(zip(names, np.asarray(rows, "f8"), strict=True))
        died = sum((tally[name] for name in tally if name.startswith("died_")), np.zeros(len(self._types)))
        found = {name: tally[name] for name in ("born", "recruited", "left", "became_in", "became_out", "moved_out")}
        found |= {"died": died, "killed": tally["died_killed"], "died_otherwise": died - tally["died_killed"]}
        found |= {"entering": tally["recruited"] + self._engine.transit()}
        for source in self._coupling.inputs.values():
            if isinstance(source, VesselSupply):
                report = self._engine.field_report(self._fields[source.field])
                found[f"@{source.field}"] = np.array([report["exchanged"]])
        return found

    def _told(self, events: Mapping[str, Floats], given: Mapping[str, float], elapsed: float) -> Floats:
        counts = np.asarray(self._engine.counts(), "f8")
        values = []
        for name, factor in zip(self.names, self._factors, strict=True):
            source, chosen = self._coupling.inputs[name], self._codes[name]
            if isinstance(source, Living):
                value = self.scale * counts[chosen].sum() + self.outside[chosen].sum()
            elif isinstance(source, Happened):
                value = self.scale * events[source.event][chosen].sum() / elapsed if elapsed else 0.0
            elif isinstance(source, MeanField):
                value = float(self._engine.field(self._fields[source.field]).mean(dtype="f8"))
            else:
                value = self.scale * _PMOL * given[source.field] / elapsed if elapsed else 0.0
            values.append(factor * float(value))
        return np.array(values)

    def _age_outside(self, events: Mapping[str, Floats], elapsed: float) -> None:
        """Let the cells outside live at the smoothed rates of the window, then add what was pushed out."""
        counts = np.asarray(self._engine.counts(), "f8")
        net = events["born"] - events["died"] + events["became_in"] - events["became_out"]
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(counts > 0, net / counts / elapsed, 0.0)
        fresh = 1 - math.exp(-elapsed / self._coupling.smoothing)
        self._net += fresh * (rate - self._net)
        self._weight += fresh * (1 - self._weight)
        self.outside *= np.exp(self._net / self._weight * elapsed)
        self.outside += self.scale * np.where(self._solid, events["moved_out"], 0.0)
