"""`qsp-abm describe`: a model as sentences."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["describe"]


def describe(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Model of the library, JSON file, file.py:function, experiment file or run.",
            show_default=False,
        ),
    ],
) -> None:
    """Say each process, rule, field and synapse as an English sentence."""
    from qsp_abm import model_source

    typer.echo(model_source.find(model).describe())
