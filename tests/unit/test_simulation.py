"""Looking and acting between events, keeping and recording a simulation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import qsp_abm as qa
from qsp_abm import ModelError, Simulation
from qsp_abm.library import drugs

DOSE = qa.Dose("pembrolizumab", "200 mg")


def model(shape: tuple[int, ...] = (24, 24)) -> qa.Model:
    blood = qa.Body(name="blood", antimony="blood_cd8 = 100;", signals={"blood.cd8": ("blood_cd8", "cell/uL")})
    tumour = qa.CellType(
        name="tumour",
        volume=2500,
        hits=qa.Hits(threshold=2, into="dead"),
        processes=(
            qa.Divide(rate="1 / day"),
            qa.Die(name="age", rate="0.2 / day", into="dead"),
            qa.TakeUp(field="ifng", clearance="20 um^3/s"),
        ),
        rules=(qa.Rule(target="trait.pdl1.target", signal="field.ifng", effect="increases", half="10 pM", limit=1e5),),
    )
    dead = qa.CellType(name="dead", volume=2500, dead=True, processes=(qa.Die(name="clearance", rate="2 / day"),))
    cd8 = qa.CellType(
        name="cd8",
        volume=175,
        occupies="small",
        processes=(
            qa.Move(motility="5 um^2/min", persistence="2 min"),
            qa.Kill(targets=("cancer",), engage="3 / hour", hit_rate="3 / hour", detach="2 / hour"),
            qa.Die(name="age", rate="0.2 / day"),
            qa.Secrete(field="ifng", rate="10 molecule / s"),
            qa.Recruit(blood="blood.cd8"),
        ),
        rules=(
            qa.Rule(
                target="kill.hit_rate", signal="synapse.pd1.target", effect="decreases", half=10, limit=0.1, power=2
            ),
        ),
    )
    return qa.Model(
        lattice=qa.Lattice(shape=shape, spacing="15 um"),
        cells=(
            qa.Group(
                name="cancer",
                types=(tumour, dead),
                traits=(qa.Trait(name="pdl1", start=qa.LogNormal(median=1e4, sigma=1), rise="6 hour", decay="1 day"),),
            ),
            cd8,
        ),
        fields=(qa.Field(name="ifng", unit="nM", diffusion="6000 um^2/min", decay="6.5e-5 / s", scale=0.01),),
        synapses=(
            qa.Synapse(
                name="pd1",
                receptor={"cd8": 2e4},
                receptor_area=150,
                ligand=("pdl1",),
                ligand_area=900,
                affinity=15,
                blocked_by=("pembrolizumab.occupancy",),
            ),
        ),
        vessels=qa.Vessels(density=100),
        body=blood,
        drugs=(drugs.pembrolizumab(),),
    )


START = (qa.Ball(cells="tumour", radius="100 um"), qa.Scatter(cells="cd8", density="500 / mm^2"))


def simulation(seed: int = 1, doses: tuple[qa.Dose, ...] = (DOSE,), **settings: object) -> Simulation:
    return Simulation(model(), START, doses, seed=seed, **settings)  # type: ignore[arg-type]


def test_the_start_is_there_and_balanced() -> None:
    one = simulation()
    counts = one.counts()
    assert counts["tumour"] > 100
    assert counts["cd8"] == round(500 * 0.36**2)
    assert (one.step, one.day) == (0, 0.0)
    one.check()
    # Recruitment balances what the start loses: 0.2 a day and cell.
    assert one.clearances["cd8"] * 100 == pytest.approx(0.2 * counts["cd8"], rel=1e-6)
    assert any("cd8" in line for line in one.report.lines())


def test_cells_are_a_table_and_a_copy() -> None:
    one = simulation()
    cells = one.cells()
    assert {"id", "cell_type", "group", "x_um", "y_um", "z_um", "born", "hits", "target", "pdl1"} <= set(cells.columns)
    assert len(cells) == sum(one.counts().values())
    assert cells.id.is_unique
    assert cells.groupby("cell_type", observed=False).size().to_dict() == one.counts()
    assert cells.x_um.between(0, 360).all()
    assert (cells.z_um == 7.5).all()
    tumour = cells[cells.group == "cancer"]
    assert (tumour.pdl1 > 0).all()
    assert cells[cells.group == "cd8"].pdl1.isna().all()
    before = one.digest()
    cells["x_um"] = -1.0
    assert one.digest() == before


def test_step_until_and_every_meet_their_times() -> None:
    one = simulation()
    seen: list[float] = []
    one.every("3 hour", lambda s: seen.append(round(s.day * 24, 6)))
    one.step_until("10 hour")
    assert seen == [3.0, 6.0, 9.0]
    assert one.day == pytest.approx(10 / 24)
    one.run("2 hour")
    assert seen == [3.0, 6.0, 9.0, 12.0]
    with pytest.raises(ModelError, match="is past; the simulation stands at day"):
        one.step_until("1 hour")


def test_dt_04_time_is_the_number_of_steps_in_one_unit() -> None:
    """DT-04: after n steps of any phase, however it was asked for, the time is n times dt."""
    one = simulation()
    steps = 0
    phases: tuple[tuple[str | float, int], ...] = (("6 min", 1), ("1 hour", 10), (0.05, 12), ("0.5 day", 120))
    for duration, more in phases:
        one.run(duration)
        steps += more
        assert one.step == steps
        assert one.day == pytest.approx(steps * one.model.dt)
    copy = one.branch()
    copy.step_until("1 day")
    assert copy.step == 240
    assert copy.day == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda s: s.run("10 min"), "duration: '10 min' is not a whole number of steps of 6 min"),
        (lambda s: s.step_until("7 min"), "step_until: '7 min' is not a whole number"),
        (lambda s: s.every("5 min", print), "every: '5 min' is not a whole number"),
        (lambda s: s.run("1 hour", record="x.vtkhdf", every="7 min"), "every: '7 min' is not a whole number"),
        (lambda s: s.run("0 hour"), "duration"),
        (lambda s: s.run("-1 hour"), "duration"),
        (lambda s: s.run("1 mg"), "duration"),
        (lambda s: s.field("ifgn"), "unknown field 'ifgn'; did you mean 'ifng'"),
        (lambda s: s.add("cd4", [[1, 1]]), "add: unknown cell type 'cd4'; did you mean 'cd8'"),
        (lambda s: s.add("cd8", [[1, 1000]]), "add: a position lies outside"),
        (lambda s: s.remove([10**6]), "remove: no cell has the id 1000000"),
        (lambda s: s.set_trait([1], "pdl2", 1.0), "set_trait"),
        (lambda s: s.give(qa.Dose("nivolumab", "1 mg")), "nivolumab"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    act: object, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = simulation()
    before = one.digest()
    with pytest.raises(ModelError) as caught:
        act(one)  # type: ignore[operator]
    assert said in str(caught.value)
    assert one.digest() == before
    assert not list(tmp_path.iterdir())
    one.check()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"seed": -1}, "seed: -1"),
        ({"seed": 2**64}, "seed"),
        ({"threads": 0}, "threads: 0"),
        ({"doses": (qa.Dose("x", "1 mg"),)}, "'x'"),
    ],
)
def test_a_simulation_that_cannot_be_is_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError) as caught:
        simulation(**settings)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_removing_part_of_a_wrong_list_removes_nothing() -> None:
    one = simulation()
    ids = one.cells().id.to_numpy()
    before = one.counts()
    with pytest.raises(ModelError, match="no cell has the id"):
        one.remove([int(ids[0]), 10**6])
    assert one.counts() == before
    one.check()


def test_cells_are_removed_added_and_changed() -> None:
    one = simulation()
    cells = one.cells()
    tumour = cells[cells.cell_type == "tumour"].id.to_numpy()
    one.remove(tumour[:20])
    assert one.counts()["tumour"] == len(tumour) - 20
    assert one.tally()["removed"]["tumour"] == 20
    one.set_trait(tumour[20:30], "pdl1", 7.0)
    one.set_trait(tumour[30:32], "pdl1", [8.0, 9.0])
    after = one.cells().set_index("id").pdl1
    assert (after[tumour[20:30]] == 7.0).all()
    assert after[tumour[30:32]].tolist() == [8.0, 9.0]
    with pytest.raises(ModelError, match="takes finite numbers"):
        one.set_trait(tumour[20:21], "pdl1", np.nan)
    mixed = [int(tumour[20]), int(one.cells().id[one.cells().cell_type == "cd8"].iloc[0])]
    with pytest.raises(ModelError, match="cells of 2 groups"):
        one.set_trait(mixed, "pdl1", 1.0)
    free = [[7.5, 7.5], [22.5, 7.5]]
    occupied = one.cells().query("cell_type == 'tumour'")[["x_um", "y_um"]].to_numpy()[:1].tolist()
    assert one.add("tumour", [*free, *occupied]) == 2
    assert one.tally()["given"]["tumour"] == 2
    one.check()
    verbs = [what["verb"] for _, what in one.take_interventions()]
    assert verbs == ["remove", "set_trait", "set_trait", "add"]
    one.run("1 hour")
    one.check()


def test_what_scripts_add_takes_part_in_common_random_numbers() -> None:
    first, second = simulation(), simulation()
    for one in (first, second):
        one.step_until("1 hour")
        one.add("cd8", [[100.0, 100.0]])
        one.run("1 hour")
    assert first.digest() == second.digest()


def test_a_dose_given_later_acts() -> None:
    plain, dosed = simulation(doses=()), simulation(doses=())
    for one in (plain, dosed):
        one.step_until("6 hour")
    dosed.give(qa.Dose("pembrolizumab", "200 mg", at="6 hour"))
    for one in (plain, dosed):
        one.step_until("2 day")
    assert plain.body()["pembrolizumab.occupancy"] == 0
    assert dosed.body()["pembrolizumab.occupancy"] > 0.9


def test_a_branch_is_independent_and_goes_on_alike() -> None:
    one = simulation()
    one.step_until("5 hour")
    twin, other = one.branch(), one.branch()
    before = one.digest()
    other.remove(other.cells().id.to_numpy()[:50])
    other.run("1 hour")
    assert one.digest() == before
    one.run("5 hour")
    twin.run("5 hour")
    assert one.digest() == twin.digest()
    assert other.digest() != one.digest()


@pytest.mark.parametrize("steps", [0, 1, 7, 33, 60])
def test_save_and_load_are_bit_exact(steps: int, tmp_path: Path) -> None:
    whole = simulation()
    if steps:
        whole.run(f"{6 * steps} min")
    whole.save(tmp_path / "state")
    loaded = Simulation.load(tmp_path / "state", threads=2)
    assert loaded.digest() == whole.digest()
    assert loaded.day == whole.day
    assert loaded.tally() == whole.tally()
    assert loaded.clearances == whole.clearances
    for one in (whole, loaded):
        one.run("4 hour")
        one.check()
    assert loaded.digest() == whole.digest()


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04broken"])
def test_files_that_are_no_simulations_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a saved simulation"):
        Simulation.load(path)
    with pytest.raises(ModelError, match="cannot be read"):
        Simulation.load(tmp_path / "missing")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    simulation().save(path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(ModelError, match="not a saved simulation"):
        Simulation.load(path)


def test_threads_and_seed(tmp_path: Path) -> None:
    digests = []
    for threads in (1, 2):
        one = simulation(threads=threads)
        assert one.threads == threads
        one.run("3 hour")
        digests.append(one.digest()["all"])
    assert digests[0] == digests[1]
    other = simulation(seed=2)
    other.run("3 hour")
    assert other.digest()["all"] != digests[0]


class Stopped(Exception):
    pass


@pytest.mark.parametrize(("stop", "error"), [(KeyboardInterrupt, "interrupted"), (Stopped, "failed")])
def test_a_resumed_run_is_the_uninterrupted_one(stop: type[BaseException], error: str, tmp_path: Path) -> None:
    whole = simulation().run("1 day", record=tmp_path / "whole.vtkhdf", every="2 hour", checkpoint="4 hour")
    assert whole is not None

    def raise_it(one: Simulation) -> None:
        if one.day > 0.6:
            raise stop

    broken = simulation()
    broken.every("1 hour", raise_it)
    with pytest.raises(stop):
        broken.run("1 day", record=tmp_path / "broken.vtkhdf", every="2 hour", checkpoint="4 hour")
    part = qa.open_run(tmp_path / "broken.vtkhdf")
    assert part.status == error
    assert 0 < part.frames < whole.frames
    resumed = Simulation.resume(tmp_path / "broken.vtkhdf", threads=2)
    assert resumed.status == "complete"
    assert resumed.frames == whole.frames
    for frame in range(whole.frames):
        assert resumed.digest(frame) == whole.digest(frame)
    assert resumed.counts.equals(whole.counts)
    assert resumed.ledger.equals(whole.ledger)
    assert resumed.lineage.equals(whole.lineage)
    assert np.allclose(resumed.body, whole.body)
    assert len(resumed.body) == len(whole.body)
    with pytest.raises(ModelError, match="nothing to resume"):
        Simulation.resume(tmp_path / "broken.vtkhdf")


def test_recording_changes_nothing(tmp_path: Path) -> None:
    plain, recorded = simulation(), simulation()
    plain.run("12 hour")
    run = recorded.run("12 hour", record=tmp_path / "run.vtkhdf", every="3 hour")
    assert run is not None
    assert recorded.digest() == plain.digest() == run.digest()
    assert run.frames == 5
    assert run.counts.iloc[-1].astype(int).to_dict() == plain.counts()


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    simulation().run("12 hour", progress=lambda done, steps: told.append((done, steps)))
    assert told[-1] == (120, 120)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_simulation_without_a_body_runs() -> None:
    plain = qa.Model(
        lattice=qa.Lattice(shape=(8, 8, 8), spacing=20),
        cells=(qa.CellType(name="tumour", volume=2500, processes=(qa.Divide(rate=1),)),),
    )
    one = Simulation(plain, qa.Ball(cells="tumour", radius="30 um"))
    one.run("1 day")
    assert one.body() == {}
    assert one.counts()["tumour"] > 10
    with pytest.raises(ModelError, match="no drugs"):
        Simulation(plain, doses=DOSE)
    with pytest.raises(ModelError, match="no drugs"):
        one.give(DOSE)
