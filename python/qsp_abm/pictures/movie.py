"""A run as a film: its section (or volume) over time, beside the numbers of its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from qsp_abm.errors import ModelError
from qsp_abm.output.layout import Array
from qsp_abm.output.reader import Run
from qsp_abm.pictures.colours import colour_of, label_of
from qsp_abm.pictures.section import draw_scale_bar, draw_section
from qsp_abm.pictures.slice import cell_legend
from qsp_abm.pictures.style import INK, arm_of, canvas, check_picture, finish, from_zero, heading, joined, title_of
from qsp_abm.pictures.volume import draw_volume

__all__ = ["KINDS", "make_movie"]

KINDS = (".mp4", ".gif")
_WIDTH, _HEIGHT, _DPI = 12.8, 7.2, 100  # inch and dots: 1280 x 720, multiples of 16 as the codec wants them
_MOST_CURVES = 6

Progress = Callable[[int, int], None]


def make_movie(
    run: Run,
    path: str | Path,
    *,
    seconds: float = 10.0,
    frames: int | None = None,
    note: str = "",
    progress: Progress | None = None,
) -> Path:
    """Make a film of a run.

    Parameters
    ----------
    run
        The run. A section is shown from above, a volume as a block that turns slowly.
    path
        Film to write: ``.mp4`` (needs the package imageio-ffmpeg) or ``.gif``.
    seconds
        Its length.
    frames
        How many recorded frames are shown, evenly chosen; None: at most 120.
    note
        Line under the headline.
    progress
        Called with the number of pictures drawn and their number in all.

    Raises
    ------
    ModelError
        For another kind of file, a run without frames, and where the writer of films is missing.
    """
    path = check_picture(path, KINDS)
    run.frame_at()  # refuses a run without frames
    if not seconds > 0:
        raise ModelError(f"seconds: {seconds:g} is not allowed; it must be above 0")
    if frames is not None and frames < 1:
        raise ModelError(f"frames: {frames} is not allowed; it must be at least 1")
    chosen = np.unique(np.linspace(0, run.frames - 1, min(run.frames, frames or 120)).round().astype(int)).tolist()
    pictures = _pictures(run, chosen, note, progress or (lambda done, of: None))
    rate = max(len(chosen) / seconds, 0.1)
    (_write_gif if path.suffix.lower() == ".gif" else _write_mp4)(path, pictures, rate)
    return path


def _pictures(run: Run, frames: list[int], note: str, progress: Progress) -> Iterator[Array]:
    """Yield one picture (height, width, 3) u1 for each frame."""
    counts = run.counts
    moving = counts.max() - counts.min()
    shown = [name for name in moving.sort_values(ascending=False).index[:_MOST_CURVES] if moving[name] > 0]
    shown = [name for name in run.types if name in shown] or run.types[:1]
    dead = {each["name"] for each in run.schema["cell_types"] if each["dead"]}
    present = {name for name in run.types if counts[name].max() > 0}
    volume = run.shape[2] > 1
    with canvas(None, _WIDTH, _HEIGHT) as figure:
        figure.set_dpi(_DPI)
        heading(figure, title_of(run), joined(arm_of(run), note))
        left = figure.add_axes((0.03, 0.1, 0.52, 0.76))
        curves = figure.subplots(
            len(shown),
            1,
            sharex=True,
            gridspec_kw={"left": 0.66, "right": 0.97, "top": 0.86, "bottom": 0.15, "hspace": 0.55},
        )
        lines = []
        for axes, name in zip(np.atleast_1d(curves), shown, strict=True):
            axes.plot(counts.index, counts[name], color=colour_of(name, dead=name in dead), linewidth=1.8)
            finish(axes, label_of(name), "", "")
            from_zero(axes)
            lines.append(axes.axvline(0, color=INK, linewidth=1, animated=True))
        np.atleast_1d(curves)[-1].set_xlabel("day")
        cell_legend(figure, run, present)
        left.set_visible(False)
        figure.canvas.draw()
        still = figure.canvas.copy_from_bbox(figure.bbox)  # what does not change is drawn once
        left.set_visible(True)
        renderer = figure.canvas.get_renderer()
        for done, frame in enumerate(frames, 1):
            figure.canvas.restore_region(still)
            left.cla()
            if volume:
                draw_volume(left, run, frame, turned=-80 + 70 * done / len(frames))
            else:
                draw_section(left, run, frame)
                draw_scale_bar(left, run)
            left.set_title(f"day {run.times[frame]:.1f}", pad=6)
            left.draw(renderer)
            for line in lines:
                line.set_xdata([run.times[frame]] * 2)
                line.draw(renderer)
            yield np.array(figure.canvas.buffer_rgba())[..., :3]
            progress(done, len(frames))


def _write_gif(path: Path, pictures: Iterator[Array], rate: float) -> None:
    from PIL import Image

    first, *rest = (Image.fromarray(each).quantize(128) for each in pictures)
    first.save(path, save_all=True, append_images=rest, duration=round(1000 / rate), loop=0, optimize=False)


def _write_mp4(path: Path, pictures: Iterator[Array], rate: float) -> None:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise ModelError(f"{path}: .mp4 needs a package: pip install imageio-ffmpeg (or write a .gif)") from None
    size = (round(_WIDTH * _DPI), round(_HEIGHT * _DPI))
    settings: dict[str, Any] = {"codec": "libx264", "quality": 6, "macro_block_size": 16, "ffmpeg_log_level": "error"}
    writer = imageio_ffmpeg.write_frames(str(path), size, fps=rate, **settings)
    writer.send(None)
    try:
        for each in pictures:
            writer.send(np.ascontiguousarray(each))
    finally:
        writer.close()
