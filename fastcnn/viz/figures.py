"""Figures that belong to whoever asked for them: made without pyplot, so that threads share nothing."""

import functools
from pathlib import Path
from typing import Any

__all__ = ["axes_of", "finish", "new_figure"]


def new_figure(width: float, height: float, figsize: Any = None) -> Any:
    """An empty ``matplotlib.figure.Figure`` that arranges what is put into it.

    Args:
        width: in inches, where no ``figsize`` is given.
        height: likewise.
        figsize: what the caller's caller wants instead, (width, height).
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('fastcnn.viz needs matplotlib: pip install "fastcnn[viz]"') from None
    if figsize is not None:
        try:
            width, height = (float(v) for v in figsize)
        except (TypeError, ValueError):
            raise ValueError(f"figsize must be (width, height) in inches, got {figsize!r}") from None
        if not (0 < width < 1000 and 0 < height < 1000):
            raise ValueError(f"figsize must be (width, height) in inches, both above 0, got {figsize!r}")
    figure: Any = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)  # which makes itself the figure's canvas
    figure._repr_png_ = functools.partial(_png, figure)  # so that notebooks show it where pyplot was never imported
    return figure


def _png(figure: Any) -> bytes:
    from io import BytesIO

    file = BytesIO()
    figure.savefig(file, format="png", facecolor="white")
    return file.getvalue()


def axes_of(ax: Any, width: float, height: float, figsize: Any) -> tuple[Any, Any]:
    """The figure and the axes to draw on: those given, or new ones."""
    if ax is None:
        figure = new_figure(width, height, figsize)
        return figure, figure.add_subplot()
    if figsize is not None:
        raise ValueError("figsize and ax exclude each other: axes have the size of their figure already")
    if not hasattr(ax, "get_figure"):
        raise TypeError(f"ax must be axes of matplotlib, got {type(ax).__name__}")
    return ax.get_figure(), ax


def finish(figure: Any, path: Any, dpi: Any = 120) -> Any:
    """The figure, written to a file where there is a path; the suffix decides: ``.png``, ``.svg``, ``.pdf``..."""
    if path is not None:
        if not isinstance(path, (str, Path)):
            raise TypeError(f"path must name the file to write, got {type(path).__name__}")
        known = figure.canvas.get_supported_filetypes()
        if Path(path).suffix[1:].lower() not in known:
            raise ValueError(f"path must end in one of {', '.join('.' + s for s in sorted(known))}, got {str(path)!r}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=dpi, facecolor="white")
    return figure
