"""Many patients of one body: values, order, processes, refusals, speed."""

from __future__ import annotations

import time
from math import exp

import numpy as np
import pandas as pd
import pytest

from qsp_abm.body.description import Body
from qsp_abm.body.machine import BodyMachine
from qsp_abm.body.population import simulate_patients
from qsp_abm.body.sensitivity import local_sensitivities, scan
from qsp_abm.doses import Dose
from qsp_abm.errors import ModelError, SolverError
from qsp_abm.library.bodies import constant_blood
from qsp_abm.library.drugs import pembrolizumab
from qsp_abm.library.regimens import pembrolizumab_200mg_q3w
from qsp_abm.parameters import Parameter

DECAY = Body(
    name="decay",
    antimony="compartment c = 1; substanceOnly species A in c; A = decay_start; A => ; decay_k * A;",
    signals={"A": ("A", "mg")},
    parameters=tuple(
        Parameter(name=name, value=value, source="test", kind="assumed") for name, value in (("k", 0.1), ("start", 8.0))
    ),
)


def sets(count: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "pembrolizumab.clearance": 0.22 * rng.lognormal(0, 0.4, count),
            "pembrolizumab_weight": 76.8 * rng.lognormal(0, 0.2, count),
            "blood.cd8": 642 * rng.lognormal(0, 0.3, count),
        },
        index=[f"patient {number}" for number in range(count)],
    )


def population(table: pd.DataFrame, processes: int = 1) -> np.ndarray:
    doses = [Dose("pembrolizumab", "2 mg/kg", every="3 week")]
    times = [0, "12 hour", 21, 42.5]
    found = simulate_patients(constant_blood(), [pembrolizumab()], doses, table, times, processes=processes)
    assert found.value.dims == ("patient", "time", "quantity")
    return np.asarray(found.value)


def test_each_patient_follows_the_closed_form() -> None:
    table = pd.DataFrame({"decay.k": [0.1, 0.5, 1.0], "decay.start": [8.0, 2.0, 1.0]})
    times = np.array([0.0, 1.0, 3.0])
    found = simulate_patients(DECAY, [], [], table, times)
    expected = [[start * exp(-k * t) for t in times] for k, start in table.to_numpy()]
    np.testing.assert_allclose(found.value.sel(quantity="A").to_numpy()[..., 0], expected, rtol=1e-6)
    assert found.unit.sel(quantity="A").to_numpy()[0] == "mg"
    assert found.parameter_value.sel(parameter="decay.k").to_numpy().tolist() == [0.1, 0.5, 1.0]


def test_a_patient_is_that_of_a_simulation_and_weight_is_that_of_the_doses() -> None:
    table = sets(3)
    found = population(table)
    drug = pembrolizumab(clearance=table.iloc[2, 0], weight=table.iloc[2, 1])
    machine = BodyMachine(
        constant_blood(cd8=table.iloc[2, 2]), [drug], [Dose("pembrolizumab", "2 mg/kg", every="3 week")]
    )
    rows = [machine.signals()]
    for before, after in ((0.0, 0.5), (0.5, 21.0), (21.0, 42.5)):  # day 21 is one of a dose
        machine.advance(before, after)
        rows.append(machine.signals())
    np.testing.assert_allclose(found[2, :, : len(machine.signal_names)], rows, rtol=1e-6)


def test_no_bit_depends_on_order_or_company() -> None:
    table = sets(6)
    whole = population(table)
    assert np.array_equal(population(table.iloc[::-1])[::-1], whole)
    assert np.array_equal(population(table.iloc[3:4]), whole[3:4])


def test_no_bit_depends_on_the_number_of_processes() -> None:
    table = sets(5)
    assert np.array_equal(population(table, processes=2), population(table))


def test_imported_bodies_are_varied_by_id() -> None:
    body = Body.from_antimony(
        "model m; compartment V = 2; species D in V; D = 3; D -> ; k*D*V; k = 0.1; end",
        {"D": {"read": "D"}},
        time="day",
    )
    found = simulate_patients(body, [], [], pd.DataFrame({"k": [0.1, 1.0]}), [2.0])
    assert found.value.sel(quantity="D").to_numpy()[:, 0, 0] == pytest.approx([3 * exp(-0.2), 3 * exp(-2)], rel=1e-6)
    with pytest.raises(ModelError, match="unknown parameter 'kk'"):
        simulate_patients(body, [], [], pd.DataFrame({"kk": [0.1]}), [2.0])


def test_a_patient_that_fails_is_named() -> None:
    body = Body(
        name="b",
        antimony="compartment c = 1; substanceOnly species A in c; A = 1; => A; b_k * A^2;",
        parameters=(Parameter(name="k", value=0.0, source="test", kind="assumed"),),
    )
    with pytest.raises(SolverError, match="patient 'blows up'"):
        simulate_patients(body, [], [], pd.DataFrame({"b.k": [0.1, 1.0]}, index=["fine", "blows up"]), [5.0])


@pytest.mark.parametrize(
    ("table", "times", "said"),
    [
        ({"decay.kk": [1.0]}, [1.0], "unknown parameter 'decay.kk'; did you mean 'decay.k'"),
        ({"decay.k": [np.nan]}, [1.0], "finite"),
        ({"decay.k": []}, [1.0], "holds no patient"),
        ({"decay.k": [1.0]}, [2.0, 1.0], "must rise"),
    ],
)
def test_wrong_tables_are_refused(table: dict[str, list[float]], times: list[float], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        simulate_patients(DECAY, [], [], pd.DataFrame(table, dtype=float), times)


def test_scan_is_the_product_of_its_values() -> None:
    found = scan(DECAY, [], [], {"decay.k": [0.1, 0.2], "decay.start": [1.0, 2.0, 3.0]}, [1.0])
    assert found.sizes["patient"] == 6
    assert found.parameter_value.to_numpy().tolist()[:4] == [[0.1, 1.0], [0.1, 2.0], [0.1, 3.0], [0.2, 1.0]]


def test_sensitivities_are_derivatives() -> None:
    times = np.array([1.0, 5.0, 20.0])
    found = local_sensitivities(DECAY, [], [], ["decay.k", "decay.start"], times).sel(quantity="A")
    absolute = found.derivative.to_numpy()[..., 0]
    left = np.exp(-0.1 * times)
    np.testing.assert_allclose(absolute[0], -8 * times * left, rtol=1e-5)
    np.testing.assert_allclose(absolute[1], left, rtol=1e-5)
    np.testing.assert_allclose(found.elasticity.to_numpy()[1, :, 0], 1.0, rtol=1e-5)
    with pytest.raises(ModelError, match="its value is 0"):
        local_sensitivities(DECAY, [], [], {"decay.k": 0.0}, times)


def test_speed() -> None:
    """A fifth of a second per hundred patients on an idle core; a tenth of the promised speed fails."""
    table = sets(100)
    arguments = (constant_blood(), [pembrolizumab()], pembrolizumab_200mg_q3w(), table, np.arange(0.0, 85.0, 7.0))
    simulate_patients(*arguments[:3], table[:1], [1.0])
    begun = time.process_time()
    simulate_patients(*arguments)
    assert time.process_time() - begun < 5.0
