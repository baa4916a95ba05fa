"""Small models in which everything happens at once: for laws that must hold whatever the model."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from machine import MINUTE, Machine, group

from qsp_abm import (
    Become,
    Body,
    CellType,
    Chemotaxis,
    Die,
    Divide,
    Field,
    Hits,
    Kill,
    Lattice,
    Leave,
    LogNormal,
    Model,
    Move,
    Recruit,
    Rule,
    Secrete,
    Synapse,
    TakeUp,
    Trait,
    Vessels,
)

BLOOD = Body(
    name="patient",
    antimony="patient_cd8 = 100; patient_treg = 20;",
    signals={"patient.cd8": ("patient_cd8", "cell/uL"), "patient.treg": ("patient_treg", "cell/uL")},
)


def crowd(
    shape: tuple[int, int, int],
    *,
    edges: str = "closed",
    dt: float = 6.0,
    speed: float = 1.0,
    push: int = 3,
    fields: bool = True,
    solid_movers: bool = True,
) -> Model:
    """Tumour cells that divide, die and creep; killers that walk, engage, tire, divide, leave and are recruited; helpers.

    `speed` multiplies every rate.
    """

    def rate(per_day: float) -> float:
        return per_day * speed

    secretion = (Secrete(field="signal", rate=1e-9),) if fields else ()
    uptake = (TakeUp(field="signal", clearance="50 um^3/min"),) if fields else ()
    breathing = (TakeUp(field="oxygen", clearance="2e4 um^3/min"),) if fields else ()
    creep = (Move(motility=0.3 / MINUTE, persistence=20 * MINUTE),) if solid_movers else ()
    taxis = (Chemotaxis(field="signal", sensitivity=10.0, half=1e-3),) if fields else ()
    tumour = CellType(
        name="tumour",
        volume=2500.0,
        hits=Hits(threshold=2, into="remains"),
        processes=(
            *creep,
            Divide(rate=rate(2.0), push=push),
            Die(name="hypoxia", rate=rate(0.2), into="remains"),
            *uptake,
            *breathing,
        ),
        rules=(
            (
                Rule(target="divide.rate", signal="field.oxygen", effect="decreases", half=500, limit=0),
                Rule(target="trait.ligand.target", signal="field.signal", effect="increases", half=1e-3, limit=1e5),
            )
            if fields
            else ()
        ),
    )
    remains = CellType(name="remains", volume=2500.0, dead=True, processes=(Die(name="clearance", rate=rate(3.0)),))
    walk = Move(motility=8 / MINUTE, persistence=3 * MINUTE, chemotaxis=taxis, permeability={"cancer": 0.4})
    effector = CellType(
        name="effector",
        volume=175.0,
        occupies="small",
        processes=(
            walk,
            Kill(targets=("cancer",), engage=rate(100.0), hit_rate=rate(60.0), detach=rate(40.0)),
            Divide(rate=rate(0.8)),
            Die(name="age", rate=rate(0.5)),
            Become(into="tired", rate=rate(0.5)),
            Recruit(blood="patient.cd8", clearance=0.3 * speed),
            Leave(rate=rate(2.0)),
            *secretion,
            *uptake,
        ),
        rules=(
            Rule(target="kill.hit_rate", signal="synapse.pd1.target", effect="decreases", half=20, limit=1.0, power=2),
            Rule(target="divide.rate", signal="engaged", effect="increases", half=0.5, limit=3.0),
            Rule(target="become_tired.rate", signal="synapse.pd1.max", effect="increases", half=20, limit=2.0),
        ),
    )
    tired = CellType(
        name="tired",
        volume=175.0,
        occupies="small",
        processes=(walk, Die(name="age", rate=rate(1.0)), Become(into="effector", rate=rate(0.2))),
    )
    helper = CellType(
        name="helper",
        volume=400.0,
        occupies="small",
        processes=(
            walk,
            Recruit(blood="patient.treg", clearance=0.2 * speed),
            Leave(rate=rate(1.0)),
            Die(name="age", rate=rate(0.3)),
        ),
    )
    stroma = CellType(name="stroma", volume=3000.0)
    drifter = CellType(
        name="drifter",
        volume=1.0,
        occupies="none",
        processes=(Move(motility=5 / MINUTE), Divide(rate=rate(0.5)), Die(name="age", rate=rate(0.5))),
    )
    return Model(
        lattice=Lattice(shape=shape, spacing=15.0, edges=edges),
        cells=(
            group(
                "cancer",
                tumour,
                remains,
                traits=(
                    Trait(
                        name="ligand",
                        start=LogNormal(median=1e4, sigma=1.0),
                        rise="6 hour",
                        decay="1 day",
                        inheritance="halve",
                    ),
                ),
            ),
            group("cd8", effector, tired, traits=(Trait(name="memory", inheritance="copy"),)),
            helper,
            stroma,
            drifter,
        ),
        fields=(
            (
                Field(
                    name="oxygen",
                    unit="mmHg",
                    diffusion="1e5 um^2/min",
                    scale=40,
                    initial=40,
                    half_saturation=1.5,
                    vessel_exchange="100/min",
                    vessel_value=40,
                ),
                Field(name="signal", unit="nM", diffusion="6000 um^2/min", decay="0.01/min", scale=0.01),
            )
            if fields
            else ()
        ),
        synapses=(
            Synapse(
                name="pd1", receptor={"cd8": 2e4}, receptor_area=150, ligand=("ligand",), ligand_area=900, affinity=15
            ),
        ),
        vessels=Vessels(density=0),
        body=BLOOD,
        dt=dt * MINUTE,
    )


def settled(
    model: Model, seed: int = 1, *, threads: int = 1, instructions: str = "auto", density: float = 0.4
) -> Machine:
    """Return a machine with a random start for a crowd: solid cells over part of the lattice, small ones, three vessels."""
    shape = model.lattice.shape or (1, 1, 1)
    voxels = int(np.prod(shape))
    rng = np.random.default_rng(seed)
    mixed = rng.permutation(voxels)
    solid = int(density * voxels)
    cells = {
        "tumour": mixed[: int(0.8 * solid)],
        "stroma": mixed[int(0.8 * solid) : solid],
        "effector": mixed[solid : solid + max(1, voxels // 12)],
        "helper": mixed[solid + voxels // 12 : solid + voxels // 8],
        "drifter": rng.integers(0, voxels, 5),
    }
    vessels = np.sort(rng.choice(voxels, min(3, voxels), replace=False))
    return Machine(
        model,
        cells,
        vessels=vessels,
        body=(100.0, 20.0),
        seed=seed,
        threads=threads,
        instructions=instructions,
        settle=True,
    )


@st.composite
def worlds(draw: st.DrawFn, plane: int = 14, volume: int = 7) -> tuple[Model, int, float]:
    """Strategy: a crowd, a seed, a density; in a plane or a volume of at most so many voxels along each side."""
    flat = draw(st.booleans())
    side = st.integers(2, plane if flat else volume)
    shape = (draw(side), draw(side), 1 if flat else draw(side))
    model = crowd(
        shape,
        edges=draw(st.sampled_from(["closed", "open"])),
        dt=draw(st.sampled_from([1.5, 6.0, 60.0])),
        speed=draw(st.sampled_from([0.3, 3.0, 30.0])),
        push=draw(st.integers(1, 6)),
        fields=draw(st.booleans()),
        solid_movers=draw(st.booleans()),
    )
    return model, draw(st.integers(0, 2**32)), draw(st.sampled_from([0.0, 0.1, 0.4, 0.8]))
