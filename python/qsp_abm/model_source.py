"""Where the model of an experiment comes from: the library, a JSON file, or a function in a file of the user's."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from . import catalogue
from .body.description import Body, Drug
from .doses import Regimen
from .errors import ModelError, suggest
from .model import Lattice, Model

__all__ = ["build", "find", "regimen", "with_body"]


def build(given: Mapping[str, Any], folder: Path) -> Model:
    """Build a model from a table with ``use`` and what overrides it.

    Parameters
    ----------
    given
        ``use`` and, for functions, their arguments; for a JSON file, parts of the model.
    folder
        Where relative paths begin.

    Raises
    ------
    ModelError
        For an unknown model, file, function or argument, and all that the model refuses.
    """
    use = str(given["use"])
    overrides = {name: value for name, value in given.items() if name != "use"}
    if use.endswith(".json"):
        return _from_json(folder / use, overrides)
    if isinstance(overrides.get("lattice"), dict):
        overrides["lattice"] = Lattice(**overrides["lattice"])
    return _call(_function(use, folder), overrides, use)


def find(what: str) -> Model:
    """Return the model that a word names: of the library, a JSON file, ``file.py:function``, an experiment or a run."""
    path = Path(what)
    if what.endswith(".toml"):
        from .experiment import Experiment

        return Experiment.from_file(path).build_model()
    if what.endswith(".vtkhdf"):
        from .output.reader import open_run

        config = open_run(path).config
        if "model" not in config:
            raise ModelError(f"{what}: holds no model")
        return Model(**config["model"])
    if what in catalogue.names("models"):
        what = f"library.models.{what}"
    if not what.endswith(".json") and ":" not in what and not what.removeprefix("qsp_abm.").startswith("library."):
        raise ModelError(f"unknown model '{what}'{suggest(what, catalogue.names('models'))}")
    return build({"use": what}, Path())


_BODY = ("drugs", "file", "name", "ports", "prefix", "time", "units", "use", "values")


def with_body(model: Model, given: Mapping[str, Any], folder: Path) -> Model:
    """Return a model with the patient that a table describes; see `Experiment`.

    Raises
    ------
    ModelError
        For an unknown name, file or body, and all that the body refuses.
    """
    for name in given:
        if name not in _BODY:
            raise ModelError(f"unknown name '{name}'{suggest(name, _BODY)}")
    if ("file" in given) == ("use" in given):
        raise ModelError("needs either file or use")
    settings = {name: value for name, value in given.items() if name not in ("drugs", "file", "use")}
    if "file" in given:
        body = Body.from_sbml(folder / str(given["file"]), **settings)
    else:
        body = _of_library(("bodies", "published"), str(given["use"]), Body, settings)
    made = [_of_library(("drugs", "published"), str(name), Drug) for name in given.get("drugs", ())]
    return model.replace(body=body, drugs=(*model.drugs, *map(body.drug, body.targets), *made))


_Part = TypeVar("_Part", Body, Drug)


def _of_library(
    kinds: Sequence[str], name: str, wanted: type[_Part], settings: Mapping[str, Any] | None = None
) -> _Part:
    for kind in kinds:
        built = catalogue.builder(kind, name)(**(settings or {})) if name in catalogue.names(kind) else None
        if isinstance(built, wanted):
            return built
    known = [each for kind in kinds for each in catalogue.names(kind)]
    raise ModelError(f"unknown {wanted.__name__.lower()} '{name}'{suggest(name, known)}")


def regimen(name: str) -> Regimen:
    """Return a regimen of the library."""
    built = catalogue.builder("regimens", name)()
    if not isinstance(built, Regimen):
        raise ModelError(f"library.regimens.{name}: is not a regimen")
    return built


def _from_json(path: Path, overrides: dict[str, Any]) -> Model:
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    if "parameters" in overrides:
        raise ModelError(
            f"{path.name}: a JSON model holds finished numbers; parameters can be set for models of functions"
        )
    model = Model.from_json(path)
    for name in overrides:
        if name not in Model.model_fields:
            raise ModelError(f"{path.name}: unknown name '{name}'{suggest(name, Model.model_fields)}")
    if isinstance(overrides.get("lattice"), dict):
        overrides = overrides | {"lattice": model.lattice.replace(**overrides["lattice"])}
    return model.replace(**overrides)


def _function(use: str, folder: Path) -> Callable[..., Any]:
    file, colon, name = use.rpartition(":")
    if colon and file.endswith(".py"):
        return _user_function(folder / file, name)
    parts = use.removeprefix("qsp_abm.").split(".")
    if len(parts) != 3 or parts[:2] != ["library", "models"]:
        raise ModelError(
            f"use: cannot read '{use}'; allowed: 'library.models.<name>', '<file>.json', '<file>.py:<function>'"
        )
    return catalogue.builder("models", parts[2])


def _user_function(path: Path, name: str) -> Callable[..., Any]:
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    module_name = f"_qsp_abm_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None  # every .py file has one
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    sys.path.insert(0, str(path.parent))  # so that it may import what lies beside it
    try:
        spec.loader.exec_module(module)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except Exception as error:
        raise ModelError(f"{path}: cannot be imported ({type(error).__name__}: {error})") from error
    finally:
        sys.path.remove(str(path.parent))
    functions = {key: each for key, each in vars(module).items() if callable(each) and not key.startswith("_")}
    if name not in functions:
        raise ModelError(f"{path}: no function '{name}'{suggest(name, functions)}")
    return functions[name]  # type: ignore[no-any-return]


def _call(function: Callable[..., Any], arguments: dict[str, Any], use: str) -> Model:
    known = inspect.signature(function).parameters
    if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in known.values()):
        for name in arguments:
            if name not in known:
                raise ModelError(f"unknown name '{name}'{suggest(name, known)}")
    missing = [
        name
        for name, each in known.items()
        if each.default is each.empty
        and name not in arguments
        and each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
    ]
    if missing:
        raise ModelError(f"{use} needs {', '.join(missing)}")
    try:
        model = function(**arguments)
    except ModelError:
        raise
    except Exception as error:  # a mistake in a user's file is the user's
        raise ModelError(f"{use}: {type(error).__name__}: {error}") from error
    if not isinstance(model, Model):
        raise ModelError(f"{use}: returns {type(model).__name__}; allowed: a Model")
    return model
