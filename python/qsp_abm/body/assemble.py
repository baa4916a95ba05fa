"""One compiled model of a body and its drugs, whether the body is written in Antimony or imported."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ..errors import ModelError
from .description import Body, Drug, compose
from .ode import has_initial_parameters, to_sbml

__all__ = ["assemble"]


def assemble(body: Body | None, drugs: Sequence[Drug] = ()) -> str:
    """Return the SBML of a body with its drugs; where possible without the numbers of parameters: compiled once for all patients.

    Raises
    ------
    ModelError
        If an id of the body is one of a drug.
    """
    if body is not None and body.sbml:
        compose(body, drugs)  # refuses names that clash
        return _merged(body.name, body.sbml, to_sbml(compose(None, drugs, values=False))) if drugs else body.sbml
    sbml = to_sbml(compose(body, drugs, values=False))
    return to_sbml(compose(body, drugs)) if has_initial_parameters(sbml) else sbml


@lru_cache(maxsize=64)
def _merged(name: str, body: str, drugs: str) -> str:
    import libsbml

    documents = [libsbml.readSBMLFromString(text) for text in (body, drugs)]
    ours, theirs = (document.getModel() for document in documents)
    elements = theirs.getListOfAllElements()
    for element in (elements.get(index) for index in range(elements.getSize())):
        mine = element.getId()
        if element.isSetId() and theirs.getElementBySId(mine) is not None and ours.getElementBySId(mine) is not None:
            raise ModelError(f"body '{name}': '{mine}' is an id of a drug too; import the body with a prefix")
    if documents[1].getLevel() != 3 or documents[1].getVersion() != 2:
        documents[1].setLevelAndVersion(3, 2, False)
    ours.appendFrom(documents[1].getModel())
    return str(libsbml.writeSBMLToString(documents[0]))
