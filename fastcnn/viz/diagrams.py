"""Boxes with words, and arrows between them."""

from collections.abc import Sequence
from typing import Any

from fastcnn.viz.figures import new_figure
from fastcnn.viz.layered import Point, arrange

__all__ = ["DIRECTIONS", "draw_boxes", "picture_dpi"]

DIRECTIONS = ("TB", "BT", "LR", "RL")
_LETTER, _LINE, _BORDER = 0.076, 0.16, 0.12  # inches
_FONT = 9
_PAPER, _HEAD, _INK = "#f7f7f7", "#dbe7f3", "#404040"
_MOST_PIXELS = 60000  # a side of a picture that matplotlib writes


def draw_boxes(boxes: Sequence[Sequence[str]], sources: Sequence[Sequence[int]], direction: str = "TB") -> Any:
    """A figure of boxes that feed one another.

    Args:
        boxes: the lines of each, the first of which is its title.
        sources: for each box the numbers of those that feed it, which come before it.
        direction: where arrows go: "TB" is from the top to the bottom.

    Example:
        >>> [t.get_text() for t in draw_boxes([["Input"], ["Dense"]], [[], [0]]).axes[0].texts if t.get_text()]
        ['Input', 'Dense']
    """
    flat = direction in ("LR", "RL")
    sizes = [(max(map(len, box)) * _LETTER + 2 * _BORDER, len(box) * _LINE + _BORDER) for box in boxes]
    centres, lines = arrange([size[::-1] if flat else size for size in sizes], sources)
    turn = _turned(direction)
    places = [turn(p) for p in centres]
    paths = [[turn(p) for p in points] for points in lines.values()]
    extent = [(x + s * w / 2, y + s * h / 2) for (x, y), (w, h) in zip(places, sizes, strict=True) for s in (-1, 1)]
    extent += [p for path in paths for p in path]
    left, right = min(x for x, _ in extent) - _BORDER, max(x for x, _ in extent) + _BORDER
    low, high = min(y for _, y in extent) - _BORDER, max(y for _, y in extent) + _BORDER
    figure = new_figure(right - left, high - low)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(left, right), axes.set_ylim(low, high), axes.set_axis_off()
    for path in paths:
        _arrow(axes, path)
    for box, place, size in zip(boxes, places, sizes, strict=True):
        _box(axes, box, place, size)
    return figure


def picture_dpi(figure: Any, dpi: float) -> float:
    """As many dots an inch as asked for, or as a picture of that size can have."""
    return min(float(dpi), _MOST_PIXELS / max(figure.get_size_inches()))


def _turned(direction: str) -> Any:
    """From (across, along) to (x, y), whose y grows upwards."""
    return {
        "TB": lambda p: (p[0], -p[1]),
        "BT": lambda p: p,
        "LR": lambda p: (p[1], -p[0]),
        "RL": lambda p: (-p[1], -p[0]),
    }[direction]


def _box(axes: Any, lines: Sequence[str], place: Point, size: Point) -> None:
    from matplotlib.patches import Rectangle

    (x, y), (w, h) = place, size
    head = _LINE + _BORDER / 2
    corner = (x - w / 2, y - h / 2)
    axes.add_patch(Rectangle(corner, w, h, facecolor=_PAPER, edgecolor=_INK, linewidth=0.8))
    title = Rectangle((corner[0], corner[1] + h - head), w, head, facecolor=_HEAD, edgecolor=_INK, linewidth=0.8)
    axes.add_patch(title)
    for k, line in enumerate(lines):
        height = y + h / 2 - (head + _BORDER / 4 + (k - 0.5) * _LINE if k else head / 2)
        words = {"ha": "center", "va": "center", "fontsize": _FONT, "family": "DejaVu Sans Mono"}
        axes.text(x, height, line.replace("$", r"\$"), weight="bold" if k == 0 else "normal", **words)


def _arrow(axes: Any, path: list[Point]) -> None:
    xs, ys = zip(*path, strict=True)
    axes.plot(xs, ys, color=_INK, linewidth=0.9, solid_joinstyle="round", zorder=0)
    style = {"arrowstyle": "-|>", "color": _INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=path[-1], xytext=path[-2], arrowprops=style)
