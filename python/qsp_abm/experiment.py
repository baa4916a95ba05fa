"""The experiment file: one model, one start, one or more arms, repeated and varied.

Everything is said once, in TOML; `Experiment.plan` expands it to the single runs. Replicate k of every arm has the same
seed, so that arms are compared in pairs.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, get_args

from pydantic import Field as Setting
from pydantic import PrivateAttr, field_validator, model_validator

from . import model_source
from .coupling import Coupling
from .document import put, resolve
from .errors import ModelError, suggest
from .frozen import Frozen, Quantity
from .record import Record

if TYPE_CHECKING:
    from .doses import Dose, Regimen
    from .model import Model

__all__ = ["Arm", "Experiment", "Job", "Repeat", "located"]

_WHOLE = 1e-9  # part of a time by which it may miss a whole number of steps
_TABLES = re.compile(
    r"\b(Experiment|Arm|Record|Repeat|Dose|Lattice|Ball|Cells|FromTable|Scatter): "
)  # a reader of a file knows its tables, not our classes
_NEW = ("model", "parameters")  # the one table in which a sweep may name what the file does not


class Arm(Frozen):
    """What one arm is given.

    Parameters
    ----------
    doses
        Tables of `Dose`, tables with a ``drug`` and its ``regimen`` as text (`qsp_abm.dosing.regimen`), or names of regimens of
        the library.
    """

    doses: tuple[dict[str, Any] | str, ...] = ()


class Repeat(Frozen):
    """How often, and over which values.

    Parameters
    ----------
    replicates
        Runs of each arm, with seeds that follow each other.
    vary
        Dotted path into the experiment -> values; all combinations are run. ``<drug>.dose`` stands for the amount of every
        dose of that drug.
    """

    replicates: Annotated[int, Setting(ge=1, le=10_000, strict=True)] = 1
    vary: dict[str, Annotated[tuple[Any, ...], Setting(min_length=1)]] = {}


class Experiment(Frozen):
    """One model, one start, one or more arms.

    Parameters
    ----------
    duration
        Simulated time, day.
    title
        Headline of its pictures; default: the name of the folder of its results.
    seed
        Seed of the first replicate; replicate k has seed + k - 1.
    model
        ``use`` names a model of the library (``library.models.<name>``), a JSON file or a function (``file.py:function``);
        everything else overrides it.
    body
        Another patient than the model's: ``file`` (SBML or Antimony, with ``ports``, ``units``, ``time``, ``prefix`` and
        ``values`` as in `Body.from_sbml`) or ``use``, a body of the library; ``drugs`` names drugs that are made for it.
    coupling
        How the tissue acts on the body; see `Coupling`.
    start
        Tables with a ``kind``: ``table``, ``ball``, ``scatter`` or ``cells``.
    arms
        By name; the name is the beginning of its files' names.
    record, repeat
        What is written, and how often it is run.
    vessel_draw
        Number of the draw of unlabelled vessels, the same for all replicates; None: a draw of its own for each seed.

    Examples
    --------
    >>> experiment = Experiment(duration="10 day", model={"use": "library.models.solid_tumour_2d"}, arms={"a": {}, "b": {}})
    >>> [job.stem for job in experiment.plan()]
    ['a', 'b']
    """

    duration: Annotated[float, Quantity("day", positive=True)]
    title: str = ""
    seed: Annotated[int, Setting(ge=0, lt=2**64, strict=True)] = 0
    model: dict[str, Any]
    body: dict[str, Any] | None = None
    coupling: Coupling | None = None
    start: tuple[dict[str, Any], ...] = ()
    arms: Annotated[
        dict[Annotated[str, Setting(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+-]*$")], Arm], Setting(min_length=1)
    ] = {"untreated": Arm()}
    record: Record = Record()
    repeat: Repeat = Repeat()
    vessel_draw: Annotated[int, Setting(ge=0, strict=True)] | None = None

    _folder: Path = PrivateAttr(default=Path())
    _file: str = PrivateAttr(default="experiment")

    @field_validator("start", mode="before")
    @classmethod
    def _one_or_more(cls, start: Any) -> Any:
        return (start,) if isinstance(start, dict) else start

    @field_validator("model", mode="after")
    @classmethod
    def _flat_parameters(cls, model: dict[str, Any]) -> dict[str, Any]:
        use = model.get("use", "")
        if not use or use != str(use):
            raise ValueError("use must name a model: 'library.models.<name>', '<file>.json' or '<file>.py:<function>'")
        if "parameters" in model:
            return model | {"parameters": dict(_flattened(model["parameters"]))}
        return model

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.seed + self.repeat.replicates > 2**64:
            raise ValueError(f"seed {self.seed} and {self.repeat.replicates} replicates pass 2^64")
        if self.record.every > self.duration:
            raise ValueError(
                f"record.every ({self.record.every:g} day) is longer than duration ({self.duration:g} day)"
            )
        for key in self.repeat.vary:
            self._targets(self.document(), key)
        return self

    # -- reading and changing -------------------------------------------------------------------------------------

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Read an experiment file; paths in it are relative to it.

        Raises
        ------
        ModelError
            For a missing, empty or broken file, and all that the file says wrongly, with its place.
        """
        path = Path(path)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise ModelError(f"{path}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise ModelError(f"{path}: is not a text file (UTF-8)") from None
        if not text.strip():
            raise ModelError(f"{path}: is empty; an experiment needs at least duration and [model] use")
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ModelError(f"{path}: {error}") from None
        return cls.from_document(document, path.parent, str(path))

    @classmethod
    def from_document(cls, document: Mapping[str, Any], folder: str | Path = ".", file: str = "experiment") -> Self:
        """Build an experiment from plain tables, with the folder that its paths begin at."""
        with located(file):
            experiment = cls(**document)
        experiment._folder, experiment._file = Path(folder), file
        return experiment

    def document(self) -> dict[str, Any]:
        """Return the experiment as plain tables, complete."""
        plain: dict[str, Any] = json.loads(json.dumps(self.model_dump(exclude_none=True), default=str))
        return plain

    @property
    def file(self) -> str:
        """The file, as errors name it."""
        return self._file

    @property
    def folder(self) -> Path:
        """Folder that paths in the experiment begin at."""
        return self._folder

    def changed(self, **changes: Any) -> Self:
        """Return a copy with some top-level names changed."""
        return self.from_document(self.document() | changes, self._folder, self._file)

    def at(self, values: Mapping[str, Any]) -> Self:
        """Return the experiment at one point of a sweep, which is a single experiment itself."""
        document = self.document()
        document["repeat"].pop("vary", None)
        with located(self._file):
            for key, value in values.items():
                for target in self._targets(document, key):
                    put(document, target, value)
        place = ", ".join(f"{key} = {value}" for key, value in values.items())
        return self.from_document(document, self._folder, f"{self._file}: at {place}" if values else self._file)

    @staticmethod
    def _targets(document: dict[str, Any], key: str) -> list[tuple[str | int, ...]]:
        """Return the places that a key of `vary` stands for."""
        drug, _, last = key.rpartition(".")
        doses = [
            (("arms", name, "doses", number, "amount"), dose["drug"])
            for name, arm in document["arms"].items()
            for number, dose in enumerate(arm["doses"])
            if isinstance(dose, dict) and "drug" in dose and "regimen" not in dose
        ]
        if last == "dose" and drug and "." not in drug and drug not in document:
            found = [place for place, given in doses if given == drug]
            if not found:
                raise ModelError(
                    f"repeat.vary: no arm is given '{drug}'{suggest(drug, sorted({given for _, given in doses}))}"
                )
            return list(found)
        parts = key.split(".")
        if tuple(parts[:2]) == _NEW and len(parts) > 2:
            document["model"].setdefault("parameters", {})
            return [(*_NEW, ".".join(parts[2:]))]  # the model itself knows which there are
        return [resolve(document, key, "repeat.vary")]

    # -- the parts ------------------------------------------------------------------------------------------------

    def build_model(self) -> Model:
        """Build the model."""
        with located(f"{self._file}: model"):
            model = model_source.build(self.model, self._folder)
        if self.body is not None:
            with located(f"{self._file}: body"):
                model = model_source.with_body(model, self.body, self._folder)
        if self.coupling is not None:
            with located(self._file):
                model = model.replace(coupling=self.coupling)
        return model

    def build_start(self) -> tuple[Any, ...]:
        """Build what the run starts from."""
        built = []
        for number, given in enumerate(self.start):
            with located(f"{self._file}: start.{number}"):
                built.append(_start(given, self._folder))
        return tuple(built)

    def build_doses(self, arm: str) -> tuple[Dose | Regimen, ...]:
        """Build the doses of an arm."""
        if arm not in self.arms:
            raise ModelError(f"{self._file}: unknown arm '{arm}'{suggest(arm, self.arms)}")
        built: list[Dose | Regimen] = []
        for number, given in enumerate(self.arms[arm].doses):
            with located(f"{self._file}: arms.{arm}.doses.{number}"):
                built.append(_doses(given))
        return tuple(built)

    def check_times(self, dt: float) -> None:
        """Refuse times that are not whole multiples of the step `dt` (day), and more steps than can be counted."""
        from .model import MOST_STEPS

        for name, time in (
            ("duration", self.duration),
            ("record.every", self.record.every),
            ("record.checkpoint", self.record.checkpoint),
        ):
            if not time / dt <= MOST_STEPS:
                raise ModelError(
                    f"{self._file}: {name}: {time:g} day is too long; allowed: at most {MOST_STEPS * dt:g} day "
                    f"({MOST_STEPS} steps of {dt * 1440:g} min)"
                )
            if round(time / dt) < 1 or abs(round(time / dt) * dt - time) > _WHOLE * max(time, dt):
                below, above = (max(1, whole) * dt * 24 for whole in (math.floor(time / dt), math.ceil(time / dt)))
                raise ModelError(
                    f"{self._file}: {name}: {time * 24:g} hour is no whole multiple of the step of {dt * 1440:g} min; "
                    f"nearest: {below:g} or {above:g} hour"
                )

    # -- the single runs ------------------------------------------------------------------------------------------

    def points(self) -> list[dict[str, Any]]:
        """Return the values of each point of the sweep; one empty point without a sweep."""
        vary = self.repeat.vary
        return [dict(zip(vary, values, strict=True)) for values in itertools.product(*vary.values())]

    def plan(self, arms: Sequence[str] | None = None) -> list[Job]:
        """Return the single runs: point by point, replicate by replicate, arm by arm.

        Parameters
        ----------
        arms
            Only these; None: all.

        Raises
        ------
        ModelError
            For an unknown arm, and a value of a sweep that the experiment refuses.
        """
        names = list(self.arms) if arms is None else list(dict.fromkeys(arms))
        for name in names:
            if name not in self.arms:
                raise ModelError(f"{self._file}: unknown arm '{name}'{suggest(name, self.arms)}")
        points, replicates = self.points(), self.repeat.replicates
        jobs = []
        for number, values in enumerate(points, 1):
            here = self.at(values)
            for replicate, arm in itertools.product(range(1, replicates + 1), names):
                stem = arm
                if self.repeat.vary:
                    stem = f"{arm}-v{number}-{replicate}"
                elif replicates > 1:
                    stem = f"{arm}-{replicate}"
                jobs.append(Job(arm, number, replicate, here.seed + replicate - 1, values, stem, here))
        return jobs


@dataclass(frozen=True, slots=True)
class Job:
    """One run of an experiment.

    Parameters
    ----------
    arm
        Name of the arm.
    point
        Number of the point of the sweep, from 1.
    replicate
        Number of the replicate, from 1.
    seed
        Its seed, the same in every arm.
    values
        Swept values by path.
    stem
        Name of its file without the suffix.
    experiment
        The experiment at this point.
    """

    arm: str
    point: int
    replicate: int
    seed: int
    values: dict[str, Any]
    stem: str
    experiment: Experiment

    @property
    def file(self) -> str:
        """Name of the run file."""
        return f"{self.stem}.vtkhdf"

    @property
    def label(self) -> str:
        """Arm with its swept values."""
        return " ".join([self.arm, *(f"{name}={value}" for name, value in self.values.items())])


@contextmanager
def located(where: str) -> Iterator[None]:
    """Name the file and the place in every error."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{where}: {_TABLES.sub('', str(error))}") from error


def _doses(given: dict[str, Any] | str) -> Dose | Regimen:
    """Build one entry of the doses of an arm."""
    from .doses import Dose
    from .dosing import regimen

    if isinstance(given, str):
        return model_source.regimen(given)
    if "regimen" not in given:
        return Dose(**given)
    for name in given:
        if name not in ("drug", "regimen"):
            raise ModelError(f"unknown name '{name}'; a regimen as text takes a drug and nothing else")
    if not isinstance(given.get("drug"), str) or not isinstance(given["regimen"], str):
        raise ModelError("a regimen as text needs a drug and the text, such as '200 mg q3w x 35'")
    return regimen(given["drug"], given["regimen"])


def _start(given: dict[str, Any], folder: Path) -> Any:
    """Build one start from its table; a path in it begins at the folder."""
    from . import start

    union = get_args(start.Start)
    kinds = {each.model_fields["kind"].default: each for each in (get_args(union[0]) or union)}
    kind = given.get("kind")
    if kind not in kinds:
        raise ModelError(f"kind: {kind!r} is unknown{suggest(str(kind), kinds)}")
    return kinds[kind](
        **(given | ({"path": str(folder / given["path"])} if isinstance(given.get("path"), str) else {}))
    )


def _flattened(parameters: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``cd8.hit_rate`` both for a quoted name and for a table ``cd8`` with ``hit_rate``."""
    if not hasattr(parameters, "items"):
        raise ValueError(f"parameters: {parameters!r} is not a table of names and values")
    for name, value in parameters.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
