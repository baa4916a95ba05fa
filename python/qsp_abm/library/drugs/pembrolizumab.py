"""Pembrolizumab: antibody against PD-1."""

from __future__ import annotations

from typing import Any, Literal

from ...body.description import Drug
from ...errors import ModelError, suggest
from ._disposition import Structure, build

__all__ = ["pembrolizumab"]

Published = Literal["ahamadi_2017", "elassaiss_schaap_2017", "li_2017"]

_SCALED = {
    "cl": "clearance_exponent",
    "q": "clearance_exponent",
    "v1": "volume_exponent",
    "v2": "volume_exponent",
}
_MODELS: dict[str, Structure] = {
    "ahamadi_2017": Structure(scaled=_SCALED, target="pd1"),
    "elassaiss_schaap_2017": Structure(saturable=True, target="pd1"),
    "li_2017": Structure(clearance="sigmoid", target="pd1"),
}
_IL2 = """
N_il2_ratio := 1 + (N_il2_baseline - 1) * (1 - N_il2_imax * N_plasma / (N_il2_ic50 + N_plasma));
"""


def pembrolizumab(model: Published = "ahamadi_2017", **numbers: Any) -> Drug:
    """Return pembrolizumab: plasma, tumour interstitium and PD-1 occupancy there.

    Plasma follows one of three published population models. ``ahamadi_2017``: two compartments, clearance that does not change
    with time, scaled by weight. ``elassaiss_schaap_2017``: saturable elimination besides, for doses down to 0.005 mg/kg, and the
    ratio of interleukin-2 released by blood ex vivo. ``li_2017``: clearance that falls with time on treatment.

    The interstitial concentration C follows ``dC/dt = k (p Cplasma - C) - k_int R C / (Kd + C)``: exchange with a partition p, and
    loss with internalised receptors R; it does not feed back on plasma. Occupancy is ``C / (Kd + C)``.

    Parameters
    ----------
    model
        Population model of the plasma.
    numbers
        Replace values of the table ``pembrolizumab`` (of the other models ``pembrolizumab_<model>``), such as
        ``clearance="0.3 L/day"`` or ``weight="60 kg"``.

    Raises
    ------
    ModelError
        For an unknown model, and an unknown number.

    References
    ----------
    Ahamadi et al. 2017, CPT Pharmacometrics Syst Pharmacol 6:49, doi:10.1002/psp4.12139. Elassaiss-Schaap et al. 2017, same
    volume, 21, doi:10.1002/psp4.12132. Li et al. 2017, J Pharmacokinet Pharmacodyn 44:403, doi:10.1007/s10928-017-9528-y.

    Examples
    --------
    >>> pembrolizumab().signals["pembrolizumab.plasma"]
    ('pembrolizumab_plasma', 'ug/mL')
    """
    if model not in _MODELS:
        raise ModelError(f"pembrolizumab: unknown model '{model}'{suggest(model, _MODELS)}")
    if model == "ahamadi_2017":
        return build("pembrolizumab", numbers, _MODELS[model])
    low = model == "elassaiss_schaap_2017"
    return build(
        "pembrolizumab",
        numbers,
        _MODELS[model],
        table=f"pembrolizumab_{model}",
        extra=_IL2 if low else "",
        signals={"il2_ratio": ""} if low else None,
    )
