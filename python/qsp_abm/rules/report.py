"""What became of the rules of a file: what was taken over, with which assumption, and what could not be."""

from __future__ import annotations

from ..frozen import Frozen

__all__ = ["Report"]


class Report(Frozen):
    """What became of each rule of a file; print it.

    Parameters
    ----------
    mapped
        Sentences: rules that a model can hold, as they are in it.
    notes
        Assumptions that the mapping made, such as the unit of a substrate.
    unmapped
        Rules that the model cannot hold, each with the reason.

    Examples
    --------
    >>> print(Report(mapped=("In tumour, oxygen increases division.",), unmapped=("line 2, 'pressure': no such signal",)))
    1 rule mapped:
      In tumour, oxygen increases division.
    1 rule not mapped:
      line 2, 'pressure': no such signal
    """

    mapped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = [(f"{_count(self.mapped)} mapped", self.mapped)]
        if self.notes:
            parts.append(("assumed on the way", self.notes))
        if self.unmapped:
            parts.append((f"{_count(self.unmapped)} not mapped", self.unmapped))
        return "\n".join("\n".join([f"{title}:", *(f"  {line}" for line in lines)]) for title, lines in parts)


def _count(lines: tuple[str, ...]) -> str:
    return "1 rule" if len(lines) == 1 else f"{len(lines)} rules"
