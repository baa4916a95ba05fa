"""Non-compartmental analysis and binding equilibria against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from qsp_abm.body.binding import pair, ternary
from qsp_abm.body.exposure import accumulation, area, bound_fraction, exposure, free_receptor_loss, terminal_half_life
from qsp_abm.errors import ModelError


def test_one_exponential_is_exact_on_any_grid() -> None:
    t = np.array([0.0, 0.3, 1.0, 4.0, 11.0, 30.0])
    c = 7.0 * np.exp(-0.13 * t)
    found = exposure(t, c)
    whole = 7.0 / 0.13 * (1 - np.exp(-0.13 * 30))
    assert found.auc == pytest.approx(whole, rel=1e-12)
    assert found.cavg == pytest.approx(whole / 30, rel=1e-12)
    assert (found.cmax, found.tmax, found.ctrough) == (7.0, 0.0, c[-1])
    assert terminal_half_life(t, c) == pytest.approx(np.log(2) / 0.13, rel=1e-10)


def test_depot_curve() -> None:
    ka, ke = 0.9, 0.1
    t = np.linspace(0.0, 60.0, 6001)
    c = ka / (ka - ke) * (np.exp(-ke * t) - np.exp(-ka * t))
    found = exposure(t, c)
    assert found.tmax == pytest.approx(np.log(ka / ke) / (ka - ke), abs=0.01)
    whole = ka / (ka - ke) * ((1 - np.exp(-ke * 60)) / ke - (1 - np.exp(-ka * 60)) / ka)
    assert found.auc == pytest.approx(whole, rel=1e-5)
    assert terminal_half_life(t, c, points=1000) == pytest.approx(np.log(2) / ke, rel=1e-6)


def test_rise_plateau_and_fall_to_nothing() -> None:
    assert area([0.0, 2.0, 3.0, 4.0], [0.0, 4.0, 4.0, 0.0]) == pytest.approx(4.0 + 4.0 + 2.0)
    assert area([0.0, 1.0], [1.0, 1.0 - 1e-12]) == pytest.approx(1.0)


def test_interval_and_accumulation() -> None:
    t = np.arange(0.0, 21.0, 1.0)
    c = np.exp(-0.1 * (t % 7)) + 0.2 * (t >= 7)
    assert exposure(t, c, 7, 13).cmax == pytest.approx(1.2)
    assert accumulation(2.0, 5.0) == 2.5


@pytest.mark.parametrize(
    ("times", "values", "interval", "message"),
    [
        ([0.0], [1.0], (None, None), "at least 2"),
        ([0.0, 0.0], [1.0, 1.0], (None, None), "must rise"),
        ([0.0, 1.0], [1.0, -1.0], (None, None), "negative"),
        ([0.0, 1.0], [1.0, np.nan], (None, None), "missing"),
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], (0.0, 1.5), "day 1.5 is not among"),
        ([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], (2.0, 1.0), "no two samples"),
    ],
)
def test_exposure_refuses(times: list[float], values: list[float], interval: tuple[float, float], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        exposure(times, values, *interval)


def test_half_life_refuses() -> None:
    with pytest.raises(ModelError, match="after the peak"):
        terminal_half_life([0.0, 1.0, 2.0], [1.0, 2.0, 1.0])
    with pytest.raises(ModelError, match="at least 3"):
        terminal_half_life([0.0, 1.0, 2.0, 3.0], [4.0, 3.0, 2.0, 1.0], points=2)
    with pytest.raises(ModelError, match="does not fall"):
        terminal_half_life([0.0, 1.0, 2.0, 3.0], [9.0, 1.0, 2.0, 3.0])
    with pytest.raises(ModelError, match="above 0"):
        accumulation(0.0, 1.0)


def test_two_definitions_of_occupancy() -> None:
    """Turnover unchanged by binding: both agree. Bound receptors lost faster: free ones fall more than bound ones show."""
    total = np.array([10.0, 10.0])
    assert bound_fraction([0.0, 8.0], total).tolist() == free_receptor_loss([10.0, 2.0], 10.0).tolist() == [0.0, 0.8]
    synthesis, loss, internalised, binding = 10.0, 1.0, 5.0, 3.0  # per day; free: synthesis - loss R - binding R
    free = synthesis / (loss + binding)
    bound = binding * free / internalised
    assert bound_fraction(bound, free + bound) == pytest.approx(0.375)
    assert free_receptor_loss(free, synthesis / loss) == pytest.approx(0.75)
    assert bound_fraction([0.0], [0.0]).tolist() == [0.0]
    with pytest.raises(ModelError, match="baseline"):
        free_receptor_loss([1.0], 0.0)


@pytest.mark.parametrize(
    ("one", "other", "constant"), [(1.0, 5.0, 2.0), (1e-6, 1e6, 1.0), (3.0, 3.0, 1e-9), (0.0, 4.0, 1.0)]
)
def test_pair_fulfils_its_equilibrium(one: float, other: float, constant: float) -> None:
    bound = pair(one, other, constant)
    assert (one - bound) * (other - bound) == pytest.approx(constant * bound, rel=1e-6, abs=1e-12)


def test_ternary_limits() -> None:
    """Without drug or a partner nothing forms; symmetric in the partners; largest where theory says for equal totals."""
    assert ternary(0.0, 1.0, 5.0, 1.0, 10.0) == 0.0
    assert ternary(1.0, 0.0, 5.0, 1.0, 10.0) == 0.0
    assert ternary(2.0, 1.0, 5.0, 1.0, 10.0, 4.0) == pytest.approx(ternary(2.0, 5.0, 1.0, 10.0, 1.0, 4.0), rel=1e-12)
    drug = np.geomspace(3.0, 12.0, 400)
    best = drug[int(np.argmax([ternary(each, 3.0, 3.0, 1.0, 10.0) for each in drug]))]
    assert best == pytest.approx(np.sqrt(10.0) + 3.0, rel=5e-3)
    for wrong in ((-1.0, 1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0, 1.0, 0.0)):
        with pytest.raises(ModelError):
            ternary(*wrong)
