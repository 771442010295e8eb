"""Pictures side by side: axes in rows, and many small pictures in one."""

import math
import textwrap
from typing import Any

import numpy as np

__all__ = ["grid_shape", "literal", "montage", "picture_axes", "put_picture", "wrapped"]

Array = np.ndarray[Any, Any]


def grid_shape(count: int, columns: int | None = None) -> tuple[int, int]:
    """Rows and columns for so many pictures; unless given, those between square and twice as wide that fill up best.

    Example:
        >>> grid_shape(10), grid_shape(16), grid_shape(3), grid_shape(10, columns=3)
        ((2, 5), (4, 4), (1, 3), (4, 3))
    """
    if columns is None:
        root = math.sqrt(count)
        columns = min(range(math.ceil(root), math.ceil(2 * root) + 1), key=lambda c: (-count % c, c))
    return math.ceil(count / columns), min(columns, count)


def picture_axes(figure: Any, count: int, columns: int | None = None) -> list[Any]:
    """So many axes in a grid."""
    rows, columns = grid_shape(count, columns)
    return [figure.add_subplot(rows, columns, i + 1) for i in range(count)]


def put_picture(ax: Any, image: Array, title: str = "", **kwargs: Any) -> Any:
    """Draws one picture without ticks; grey where it has no channels."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if title:
        ax.set_title(title, fontsize=9)
    if image.ndim == 2:
        kwargs = {"cmap": "gray", "vmin": 0, "vmax": 255 if image.dtype == np.uint8 else 1} | kwargs
    return ax.imshow(image, **kwargs)


def montage(tiles: Array, columns: int | None = None, gap: int = 1, paper: float = np.nan) -> Array:
    """Many pictures of one size in one, with gaps between them.

    Args:
        tiles: (n, h, w) or (n, h, w, 3).
        columns: how many in a row.
        gap: in pixels.
        paper: what the gaps hold.

    Example:
        >>> montage(np.array([[[1.0]], [[2.0]], [[3.0]]]), columns=2, paper=0.0).tolist()
        [[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [3.0, 0.0, 0.0]]
    """
    n, h, w = tiles.shape[:3]
    rows, columns = grid_shape(n, columns)
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, *tiles.shape[3:]), paper, tiles.dtype)
    for i, tile in enumerate(tiles):
        y, x = (i // columns) * (h + gap), (i % columns) * (w + gap)
        sheet[y : y + h, x : x + w] = tile
    return sheet


def literal(text: str) -> str:
    """A label with spaces for underscores, of which matplotlib takes no dollar for the beginning of a formula.

    Example:
        >>> print(literal("sea_lion, 5$ each"))
        sea lion, 5\\$ each
    """
    return text.replace("_", " ").replace("$", r"\$")


def wrapped(text: str, width: int = 18) -> str:
    """A label in several lines where it is long, so that neighbours do not meet.

    Example:
        >>> print(wrapped("bicycle_built_for_two_persons"))
        bicycle built for
        two persons
    """
    return literal("\n".join(textwrap.wrap(text.replace("_", " "), width, max_lines=3, placeholder="..."))) or " "
