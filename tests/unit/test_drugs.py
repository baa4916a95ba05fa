"""The drug library: every drug and regimen valid, sources named, clearance by time since the first dose, patients drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qsp_abm import ModelError
from qsp_abm.body.description import Drug
from qsp_abm.body.machine import BodyMachine
from qsp_abm.doses import Dose, courses
from qsp_abm.library import drugs, regimens
from qsp_abm.library.models import solid_tumour_2d
from qsp_abm.library.regimens.teclistamab import teclistamab_restarts
from qsp_abm.variability import Covariate, CovariateEffect, Variability, draw_patients, individual, load_variability

DRUGS: list[Callable[..., Drug]] = [getattr(drugs, name) for name in drugs.__all__]


@pytest.mark.parametrize("make", DRUGS, ids=lambda make: make.__name__)
def test_every_drug(make: Callable[..., Drug]) -> None:
    drug = make()
    assert Drug.model_validate_json(drug.model_dump_json()) == drug
    assert f"{drug.name}.plasma" in drug.signals
    for parameter in drug.parameters:
        assert parameter.source.startswith("unverified") == (parameter.kind == "unverified"), parameter
    with pytest.raises(ModelError, match="unknown parameter 'nonsense'"):
        make(nonsense=1)
    if drug.variability is not None:
        names = {parameter.name for parameter in drug.parameters}
        acted = {each for parameters in drug.variability.random.values() for each in parameters}
        assert acted | {effect.parameter for effect in drug.variability.effects} <= names
        for covariate in drug.variability.covariates.values():
            assert covariate.parameter is None or covariate.reference == pytest.approx(
                next(each.value for each in drug.parameters if each.name == covariate.parameter)
            )


def test_only_antibodies_against_pd1_block_its_synapse() -> None:
    blocking = {make.__name__ for make in DRUGS if f"{make.__name__}.occupancy" in make().signals}
    assert blocking == {"pembrolizumab", "nivolumab", "cemiplimab"}
    model = solid_tumour_2d(drugs=["nivolumab", "ipilimumab"], parameters={"nivolumab.weight": "60 kg"})
    assert model.synapses[0].blocked_by == ("nivolumab.occupancy",)
    assert model.drugs[0].weight == 60.0


@pytest.mark.parametrize("name", regimens.__all__)
def test_every_regimen_can_be_given(name: str) -> None:
    regimen = getattr(regimens, name)()
    given = list(dict.fromkeys(dose.drug for dose in regimen.doses))
    assert regimen.source
    assert len(courses([regimen], [getattr(drugs, drug)() for drug in given])) == len(regimen.doses)


def test_unknown_forms_are_refused() -> None:
    with pytest.raises(ModelError, match="did you mean 'li_2017'"):
        drugs.pembrolizumab(model="li_2018")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="did you mean 'full'"):
        drugs.target_mediated(form="ful")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="no route 'iv'; allowed: oral"):
        courses([Dose("cabozantinib", "60 mg", route="iv")], [drugs.cabozantinib()])


def plasma(drug: Drug, doses: list[Dose], times: np.ndarray, signal: str = "plasma") -> np.ndarray:
    machine = BodyMachine(None, [drug], doses)
    place = machine.signal_names.index(f"{drug.name}.{signal}")
    found = []
    for before, after in zip([0.0, *times[:-1].tolist()], times.tolist(), strict=True):
        machine.advance(before, after)
        found.append(machine.signals()[place])
    return np.array(found)


@pytest.mark.parametrize("name", ["nivolumab", "mosunetuzumab", "teclistamab"])
def test_clearance_counts_from_the_first_dose(name: str) -> None:
    """One of each published form: a course that begins 100 days later gives the same curve 100 days later."""
    drug = getattr(drugs, name)()
    times = np.arange(2.0, 86.0, 3.0)
    now = plasma(drug, [Dose(name, "100 mg", every=14)], times)
    later = plasma(drug, [Dose(name, "100 mg", at=100, every=14)], times + 100)
    np.testing.assert_allclose(later, now, rtol=1e-7)


@pytest.mark.parametrize("name", ["nivolumab", "teclistamab"])
def test_two_solvers_of_a_clearance_in_time_agree_to_the_last_bit(name: str) -> None:
    first, second = (BodyMachine(None, [getattr(drugs, name)()], [Dose(name, "100 mg", at=0.07)]) for _ in range(2))
    for step in range(200):
        first.advance(step / 144, (step + 1) / 144)
    for step in range(200):
        second.advance(step / 144, (step + 1) / 144)
    assert np.array_equal(first.species(), second.species())


def late_clearance(name: str) -> float:
    """Clearance of a small infusion that has run for very long: rate over plateau."""
    drug = getattr(drugs, name)()
    found = plasma(drug, [Dose(name, f"{5e3} mg", duration=5000, route="iv")], np.array([4999.0]))
    return float(1.0 / found[0])


def test_clearance_ends_where_the_paper_says() -> None:
    assert late_clearance("nivolumab") == pytest.approx(0.2256 * math.exp(-0.295), rel=1e-4)
    assert late_clearance("mosunetuzumab") == pytest.approx(0.584, rel=1e-6)
    assert late_clearance("teclistamab") == pytest.approx(0.449, rel=1e-6)


def test_cd20_occupancy_with_competitors() -> None:
    """Bender 2024: 100 C / (C + Kd + Kd/Kr Cr + Kd/Kg Cg), rituximab and obinutuzumab falling by their half-lives."""
    drug = drugs.mosunetuzumab(rituximab=50, obinutuzumab=20)
    doses, times = [Dose("mosunetuzumab", "60 mg")], np.array([1.0, 24.0])
    c, occupancy = plasma(drug, doses, times), plasma(drug, doses, times, "cd20_occupancy")
    rituximab, obinutuzumab = 50 * 0.5 ** (times / 24), 20 * 0.5 ** (times / 28)
    expected = c / (c + 10.2 + 10.2 / 0.675 * rituximab + 10.2 / 0.600 * obinutuzumab)
    np.testing.assert_allclose(occupancy, expected, rtol=1e-9)


def test_restarts_of_teclistamab() -> None:
    assert [len(doses) for doses in teclistamab_restarts("second step").values()] == [1, 2]
    assert list(teclistamab_restarts("first step")) == [7.0]


# -- patients ----------------------------------------------------------------------------------------------------------


def test_drawn_patients_have_the_stated_spread() -> None:
    drug = drugs.nivolumab()
    model = drug.variability
    assert model is not None
    patients = draw_patients(drug, 20_000, seed=3)
    typical = drug.typical
    eta = np.array(
        [
            [
                each["clearance_change"] - typical["clearance_change"]
                if name == "change"
                else math.log(each[name] / typical[name])
                for name in model.random
            ]
            for each in patients
        ]
    )
    omega = np.array(model.omega)
    size = np.sqrt(np.outer(np.diag(omega), np.diag(omega)))
    assert np.abs(np.cov(eta.T) / size - omega / size).max() < 0.035  # 3.5 standard errors of a variance
    assert np.abs(eta.mean(axis=0) / np.sqrt(np.diag(omega))).max() < 0.03


def test_parameters_share_a_random_effect_and_more_patients_keep_the_first() -> None:
    drug = drugs.pembrolizumab()
    few, many = draw_patients(drug, 3, seed=5), draw_patients(drug, 30, seed=5)
    assert many[:3] == few
    for each in many:
        assert each["clearance"] / 0.220 == pytest.approx(each["intercompartmental_clearance"] / 0.795)


def test_covariates_move_the_typical_patient() -> None:
    """Ahamadi 2017 by hand: a woman of 60 kg with albumin 30 g/L and lung cancer."""
    drug = drugs.pembrolizumab()
    assert drug.variability is not None
    typical = drug.typical
    found = drug.variability.values(typical, {"female": 1, "albumin": 30.0, "nsclc": 1, "weight": 60.0})
    albumin = 30 / 39.6
    assert found["clearance"] == pytest.approx(0.220 * (1 - 0.152) * albumin**-0.907 * 1.145)
    assert found["central_volume"] == pytest.approx(3.48 * (1 - 0.134) * albumin**-0.208)
    patient = individual(drug, found)
    assert patient.weight == 60.0
    assert patient == drugs.pembrolizumab(**found).replace(parameters=patient.parameters)
    assert drug.variability.values(typical, {"albumin": 39.6})["clearance"] == pytest.approx(0.220)


@pytest.mark.parametrize(
    ("form", "value", "x", "reference", "factor"),
    [
        ("power", 0.5, 80.0, 20.0, 2.0),
        ("exponential", 0.3, 1.0, 0.0, math.exp(0.3)),
        ("linear", -0.2, 1.0, 0.0, 0.8),
        ("factor", 1.67, 1.0, 0.0, 1.67),
        ("log-power", 1.13, 412.0, 206.0, (math.log(412) / math.log(206)) ** 1.13),
    ],
)
def test_forms_of_covariate_effects(form: Any, value: float, x: float, reference: float, factor: float) -> None:
    effect = CovariateEffect(covariate="x", parameter="p", form=form, value=value)
    assert effect.factor(x, reference) == pytest.approx(factor)
    assert effect.factor(reference, reference) == pytest.approx(1.0)


def test_coefficients_of_variation_become_variances() -> None:
    model = load_variability("teclistamab")
    assert model is not None
    assert model.omega[0][0] == pytest.approx(math.log(1 + 0.536**2))
    assert load_variability("glofitamab") is None


def test_patients_are_refused() -> None:
    drug = drugs.pembrolizumab()
    with pytest.raises(ModelError, match="did you mean 'albumin'"):
        draw_patients(drug, 2, seed=1, covariates={"albumim": 30})
    with pytest.raises(ModelError, match="3 values for 2 patients"):
        draw_patients(drug, 2, seed=1, covariates={"albumin": [30, 31, 32]})
    with pytest.raises(ModelError, match="must be a number above 0"):
        draw_patients(drug, 2, seed=1, covariates={"albumin": -1})
    with pytest.raises(ModelError, match="no variability is known"):
        draw_patients(drugs.glofitamab(), 2, seed=1)
    with pytest.raises(ModelError, match="did you mean 'clearance'"):
        individual(drug, {"clearence": 1.0})
    known = {"source": "test", "kind": "assumed"}
    for wrong in (
        {"random": {"a": ("p",)}, "omega": ()},
        {"random": {"a": ("p",), "b": ("q",)}, "omega": ((1.0, 2.0), (2.0, 1.0))},
        {"random": {"a": ("p",)}, "omega": ((1.0,),), "additive": ("c",)},
        {"effects": (CovariateEffect(covariate="x", parameter="p", form="power", value=1.0),)},
    ):
        with pytest.raises(ModelError):
            Variability(**(known | wrong))  # type: ignore[arg-type]
    assert Variability(covariates={"x": Covariate(reference=1.0)}, **known).values({}, {"x": 2.0}) == {}  # type: ignore[arg-type]
