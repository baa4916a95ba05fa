"""Reading a run, also while it is still being written or after it was killed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import h5py
import numpy as np

from qsp_abm.errors import ModelError, suggest
from qsp_abm.output.checkpoint import Checkpoint, read_checkpoint
from qsp_abm.output.layout import BLOCKS, DIGESTS, LINEAGE, SCHEMA, Array

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from qsp_abm.model import Model
    from qsp_abm.output.lineage import Lineage

__all__ = ["Run", "open_run"]

_Result = TypeVar("_Result")
_TRIES = 5  # a file that is being flushed may need a second look
_PAUSE = 0.05  # s between two looks
_NEAR = 1e-6  # day by which a time may lie outside the recorded ones


class Run:
    """A recorded result.

    Each access opens the file anew, so a run that is still being written is seen as it is now. Only committed frames
    are shown.

    Parameters
    ----------
    path
        The run file.

    Raises
    ------
    ModelError
        The file does not exist or is no run.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ModelError(f"{path}: no such file")
        self._schema: dict[str, Any] = self._read(_schema)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.frames} frames, {self.status})"

    # -- what is where --------------------------------------------------------------------------------------------

    @property
    def frames(self) -> int:
        """Number of committed frames."""
        return self._read(_frames)

    @property
    def times(self) -> Array:
        """Times of the frames in day, (frames,) f8."""
        return self._read(lambda file: file["summary/time"][: _frames(file)])

    @property
    def steps(self) -> Array:
        """Step numbers of the frames, (frames,) i8."""
        return self._read(lambda file: file["summary/step"][: _frames(file)])

    @property
    def status(self) -> str:
        """How the writing ended: running (or killed), complete, stopped, interrupted or failed."""
        return str(self._read(lambda file: file["provenance/status"][()].decode()))

    @property
    def schema(self) -> dict[str, Any]:
        """What the codes, columns and units mean."""
        return self._schema

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along x, y, z."""
        nx, ny, nz = self._schema["shape"]
        return nx, ny, nz

    @property
    def voxel(self) -> tuple[float, float, float]:
        """Edges of a voxel along x, y, z in um."""
        dx, dy, dz = self._schema["voxel"]
        return dx, dy, dz

    @property
    def types(self) -> list[str]:
        """Names of the cell types in the order of their codes (1, 2, ...)."""
        return [each["name"] for each in self._schema["cell_types"]]

    @property
    def field_names(self) -> list[str]:
        """Names of the recorded fields."""
        return [each["name"] for each in self._schema["fields"]]

    @property
    def sample(self) -> float:
        """Part of the agents that frames hold; counts, events and lineage are those of all."""
        return float(self._schema.get("sample", 1.0))  # older files hold all

    def unit(self, what: str, name: str) -> str:
        """Return the unit of a column; `what` is columns, fields, body or ledger."""
        units = {each["name"]: str(each["unit"]) for each in self._schema[what]}
        if name not in units:
            raise ModelError(f"{self.path}: no {name!r} in {what}{suggest(name, units)}")
        return units[name]

    def columns_of_role(self, role: str) -> list[str]:
        """Names of the body columns of a role ("concentration" or "occupancy")."""
        return [each["name"] for each in self._schema["body"] if each["role"] == role]

    # -- tables ---------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> pd.DataFrame:
        """Agents per cell type (columns) at each frame (index: day)."""
        return self._table(
            lambda file, frames: (
                file["summary/time"][:frames],
                dict(zip(self.types, file["summary/counts"][:frames].T, strict=True)),
            )
        )

    @property
    def events(self) -> pd.DataFrame:
        """Events since the last frame (columns) at each frame (index: day)."""
        return self._table(
            lambda file, frames: (
                file["summary/time"][:frames],
                {name: file["summary/events"][name][:frames] for name in self._schema["events"]},
            )
        )

    @property
    def body(self) -> pd.DataFrame:
        """Samples of the body (columns) over time (index: day)."""

        def read(file: Any, frames: int) -> tuple[Array, dict[str, Array]]:
            rows = int(file["summary/rows"][frames - 1, 0]) if frames else 0
            return file["body/time"][:rows], {
                each["name"]: file["body"][each["name"]][:rows] for each in self._schema["body"]
            }

        return self._table(read)

    @property
    def ledger(self) -> pd.DataFrame:
        """What crossed between body and tissue (columns) at each frame (index: day)."""
        return self._table(
            lambda file, frames: (
                file["ledger/time"][:frames],
                {each["name"]: file["ledger"][each["name"]][:frames] for each in self._schema["ledger"]},
            )
        )

    @property
    def statistics(self) -> pd.DataFrame:
        """Statistics measured during the run (columns: statistic and value) at each frame (index: day)."""
        import pandas as pd

        known = self._schema.get("statistics", ())  # older files have none

        def read(file: Any) -> tuple[Array, list[Array]]:
            frames, group = _frames(file), file["summary"]
            found = [group["statistics"][each["name"]][:frames] for each in known]
            return group["time"][:frames], [column for values in found for column in values.T]

        days, columns = self._read(read)
        names = [(each["name"], value) for each in known for value in each["values"]]
        index = pd.Index(days, name="day")
        return pd.DataFrame(
            np.reshape(columns, (len(names), len(days))).T,
            index=index,
            columns=pd.MultiIndex.from_tuples(names, names=["statistic", "value"]) if names else None,
        )

    @property
    def lineage(self) -> pd.DataFrame:
        """Births and deaths: time (day), child, parent, cause (as a name)."""
        import pandas as pd

        def read(file: Any) -> dict[str, Array]:
            frames = _frames(file)
            rows = int(file["summary/rows"][frames - 1, 1]) if frames else 0
            return {name: file["lineage"][name][:rows] for name in LINEAGE.names or ()}

        table = pd.DataFrame(self._read(read))
        if self._schema["causes"]:
            table["cause"] = pd.Categorical.from_codes(table["cause"].to_numpy("i8"), self._schema["causes"])
        return table

    @property
    def tree(self) -> Lineage:
        """The tree of the agents: who descends from whom, and clones."""
        from qsp_abm.output.lineage import Lineage

        return Lineage(self)

    @property
    def interventions(self) -> list[tuple[float, dict[str, Any]]]:
        """What a script changed during the run: time in day, and what."""

        def read(file: Any) -> list[tuple[float, dict[str, Any]]]:
            frames = _frames(file)
            rows = int(file["summary/rows"][frames - 1, 2]) if frames else 0
            ends, text = [0, *file["interventions/end"][:rows].tolist()], file["interventions/text"][:].tobytes()
            parts = [json.loads(text[start:end]) for start, end in pairwise(ends)]
            return list(zip(file["interventions/time"][:rows].tolist(), parts, strict=True))

        return self._read(read)

    @property
    def parameters(self) -> pd.DataFrame:
        """The numbers of the model: name, value, unit, source, kind."""
        import pandas as pd

        def read(file: Any) -> dict[str, Array]:
            table = file["config/parameters"]
            return {name: (table[name][:] if name == "value" else table[name].asstr()[:]) for name in table}

        columns = self._read(read)
        return pd.DataFrame({name: columns[name] for name in ("name", "value", "unit", "source", "kind")})

    # -- one frame ------------------------------------------------------------------------------------------------

    def cells(
        self, day: float | None = None, frame: int | None = None, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return the agents at the frame nearest to `day`, or at `frame`; the last by default.

        Parameters
        ----------
        day, frame
            Which frame; a negative `frame` counts from the end.
        columns
            Names of columns to read; None: all. They are x_um, y_um, z_um, cell_type and group (as names), and all other point
            arrays.
        """
        import pandas as pd

        index = self.frame_at(day, frame)
        places = [f"{axis}_um" for axis in "xyz"]
        known = [*places, *(each["name"] for each in self._schema["columns"])]
        for name in columns or ():
            if name not in known:
                raise ModelError(f"{self.path}: no column {name!r}{suggest(name, known)}")

        def read(file: Any) -> dict[str, Array]:
            cells = file["VTKHDF/cells"]
            start, count = int(cells["Steps/PointOffsets"][index]), int(cells["NumberOfPoints"][index])
            wanted = known if columns is None else columns
            points = cells["Points"][start : start + count] if set(wanted) & set(places) else None
            return {
                name: cells["PointData"][name][start : start + count]
                if points is None or name not in places
                else points[:, places.index(name)]
                for name in wanted
            }

        table = pd.DataFrame(self._read(read))
        for name, labels in (("cell_type", self.types), ("group", self._schema["groups"])):
            if name in table:
                table[name] = pd.Categorical.from_codes(table[name].to_numpy("i8") - 1, pd.Index(labels))
        table.attrs["day"] = float(self.times[index])
        return table

    def field(self, name: str, day: float | None = None, frame: int | None = None) -> xr.DataArray:
        """Return a field (z, y, x) at the frame nearest to `day` or at `frame`; else all frames (time, z, y, x), read as used."""
        import xarray as xr

        from qsp_abm.output.lazy import lazy

        unit = self.unit("fields", name)
        sizes = dict(zip("xyz", self.shape, strict=True))
        steps = dict(zip("xyz", self.voxel, strict=True))
        space = {axis: (axis, (np.arange(sizes[axis]) + 0.5) * steps[axis], {"units": "um"}) for axis in "zyx"}
        times = self.times
        where = f"VTKHDF/fields/CellData/{name}"
        if day is None and frame is None:
            values = lazy(self.path, where, (len(times), *reversed(self.shape)))
            # "units" would be decoded as a calendar
            time = {"time": ("time", times, {"unit": "day"})}
            return xr.DataArray(values, {**time, **space}, ("time", "z", "y", "x"), name, {"units": unit})
        index = self.frame_at(day, frame)
        plane = self._read(lambda file: file[where][index])
        return xr.DataArray(plane, {"time": times[index], **space}, ("z", "y", "x"), name, {"units": unit})

    def frame_at(self, day: float | None = None, frame: int | None = None) -> int:
        """Return the index of a frame: the one nearest to `day`, or `frame`; default the last."""
        times = self.times
        if not len(times):
            raise ModelError(f"{self.path}: no frame is recorded yet")
        if day is not None and frame is not None:
            raise ModelError("give day or frame, not both")
        if day is not None:
            if not times[0] - _NEAR <= day <= times[-1] + _NEAR:
                raise ModelError(f"{self.path}: day {day:g} is not recorded; allowed: {times[0]:g} to {times[-1]:g}")
            return int(np.argmin(np.abs(times - day)))
        index = len(times) - 1 if frame is None else frame
        if not -len(times) <= index < len(times):
            raise ModelError(f"{self.path}: frame {index} is not recorded; allowed: 0 to {len(times) - 1}")
        return index % len(times)

    # -- what it is -----------------------------------------------------------------------------------------------

    @property
    def config(self) -> dict[str, Any]:
        """The resolved model, start, doses and settings."""
        return dict(json.loads(self._read(lambda file: file["config/json"].asstr()[()])))

    @property
    def model(self) -> Model:
        """The model that was run, as an object that can be run again."""
        from qsp_abm.model import Model

        return Model.from_json(json.dumps(self.config["model"]))

    @property
    def provenance(self) -> dict[str, Any]:
        """Version, commit, host, arguments, arm, threads ..., and the seed."""

        def read(file: Any) -> dict[str, Any]:
            group = file["provenance"]
            known = json.loads(group["json"].asstr()[()])
            return {**known, "seed": int(group["seed"][()]), "threads_used": int(group["threads_used"][()])}

        return self._read(read)

    @property
    def seed(self) -> int:
        """Seed of the random numbers."""
        return int(self.provenance["seed"])

    def digest(self, frame: int = -1) -> dict[str, str]:
        """Return the digests `tissue`, `drug_fields`, `body` and `all` of a frame, the last by default."""
        index = self.frame_at(frame=frame)
        return self._read(lambda file: {name: file[f"summary/digest_{name}"][index].decode() for name in DIGESTS})

    def checkpoint(self) -> Checkpoint | None:
        """Return the newest state for a restart, or None."""

        def read(file: Any) -> Checkpoint | None:
            found = read_checkpoint(file, _frames(file))
            if found is None:
                return None
            frame, arrays = found
            return Checkpoint(frame, int(file["summary/step"][frame]), float(file["summary/time"][frame]), arrays)

        return self._read(read)

    def info(self) -> dict[str, Any]:
        """Return what `info --json` prints; numbers, texts, lists and dicts only."""
        times, counts, steps = self.times, self.counts, self.steps
        provenance = self.provenance
        ends = {"start": 0, "end": -1} if len(times) else {}
        return {
            "file": self.path.name,
            "bytes": self.path.stat().st_size,
            "schema": self._schema["schema"],
            "version": provenance.get("qsp_abm_version"),
            "status": self.status,
            "arm": provenance.get("arm"),
            "seed": provenance["seed"],
            "threads": {"asked": provenance.get("threads_asked"), "used": provenance.get("threads_used")},
            "shape": list(self.shape),
            "voxel_um": list(self.voxel),
            "frames": len(times),
            "steps": int(steps[-1]) if len(times) else 0,
            "days": float(times[-1]) if len(times) else 0.0,
            "cell_types": self.types,
            "fields": self.field_names,
            "counts": {
                name: {kind: int(value) for kind, value in counts.iloc[row].items()} for name, row in ends.items()
            },
            "interventions": len(self.interventions),
            "digests": self.digest() if len(times) else {},
            "provenance": provenance,
        }

    def plot(self, path: str | Path) -> Path:
        """Draw the run into one picture and return its path."""
        from qsp_abm.pictures.summary import plot_run

        return plot_run(self, path)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _read(self, look: Callable[[Any], _Result]) -> _Result:
        """Open, look, close; a file that is just being flushed is looked at again."""
        for attempt in range(_TRIES):
            try:
                with h5py.File(self.path, "r", locking=False) as file:
                    return look(file)
            except ModelError:
                raise
            except (OSError, KeyError, RuntimeError) as error:
                if not _is_hdf5(self.path):
                    raise ModelError(f"{self.path}: is not a run file (not HDF5)") from None
                if attempt == _TRIES - 1:
                    raise ModelError(f"{self.path}: cannot be read ({error})") from None
                time.sleep(_PAUSE)
        raise AssertionError("unreachable")

    def _table(self, read: Callable[[Any, int], tuple[Array, dict[str, Array]]]) -> pd.DataFrame:
        import pandas as pd

        days, columns = self._read(lambda file: read(file, _frames(file)))
        return pd.DataFrame(columns, index=pd.Index(days, name="day"))


def open_run(path: str | Path) -> Run:
    """Open a run file for reading.

    Raises
    ------
    ModelError
        The file does not exist or is no run.
    """
    return Run(path)


def _is_hdf5(path: Path) -> bool:
    try:
        return bool(h5py.is_hdf5(path))
    except OSError:
        return False


def _frames(file: Any) -> int:
    """Return the number of frames that every block has committed."""
    root = file["VTKHDF"]
    return min(int(root[name]["Steps"].attrs["NSteps"]) for name in BLOCKS if name in root)


def _schema(file: Any) -> dict[str, Any]:
    version = file.attrs.get("qsp_abm_schema")
    if version is None or "schema" not in file:
        raise ModelError(f"{file.filename}: is HDF5, but not a run file of qsp_abm")
    if str(version).split(".")[0] != SCHEMA.split(".")[0]:
        raise ModelError(f"{file.filename}: schema {version}; this version reads {SCHEMA}")
    return dict(json.loads(file["schema/json"].asstr()[()]))
