"""Which classes a network takes for which."""

from typing import Any

import numpy as np

from fastcnn.viz.arguments import check_choice, class_labels, labels_of
from fastcnn.viz.figures import axes_of, finish
from fastcnn.viz.grids import literal, wrapped

__all__ = ["confusion_matrix", "count_confusions"]

Array = np.ndarray[Any, Any]
_TOTALS = {"true": 1, "pred": 0, "all": None}


def count_confusions(y_true: Any, y_pred: Any, classes: int | None = None) -> Array:
    """How often each class (row) was predicted as each (column).

    Example:
        >>> count_confusions([0, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]).tolist()
        [[1, 1], [0, 1]]
    """
    true, predicted = labels_of(y_true, "y_true"), labels_of(y_pred, "y_pred")
    if len(true) != len(predicted):
        raise ValueError(f"y_true and y_pred must be of one length, got {len(true)} and {len(predicted)}")
    if not len(true):
        raise ValueError("y_true is empty: there is nothing to count")
    widths = [v.shape[1] for v in map(np.asarray, (y_true, y_pred)) if v.ndim == 2]
    count = max(int(true.max()) + 1, int(predicted.max()) + 1, *widths, classes or 0)
    return np.bincount(true * count + predicted, minlength=count * count).reshape(count, count)


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    class_names: Any = None,
    normalize: str | None = None,
    *,
    cmap: str = "Blues",
    ax: Any = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """A table of how often each class was predicted as each: true classes in rows, predicted ones in columns.

    Args:
        y_true: classes (n,), or one-hot (n, classes).
        y_pred: classes, or what ``predict`` gave: (n, classes), or (n, 1) of a sigmoid.
        class_names: in the order of the classes.
        normalize: "true" gives parts of each row (recall on the diagonal), "pred" of each column (precision), "all" of
            everything; None gives counts, coloured by the part of their row.
        cmap: the colours, a name that matplotlib knows.
        ax: axes to draw on.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> figure = confusion_matrix([0, 0, 1], [0, 1, 1], class_names=["cat", "dog"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['1', '1', '0', '1']
    """
    if normalize is not None:
        check_choice(normalize, "normalize", list(_TOTALS))
    names_given = None if class_names is None else class_labels(class_names, 0)
    counts = count_confusions(y_true, y_pred, None if names_given is None else len(names_given))
    names = class_labels(class_names, len(counts))
    totals = counts.sum(_TOTALS[normalize or "true"], keepdims=True)
    parts = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    side = float(np.clip(1.8 + 0.55 * len(names), 3.6, 13))
    figure, axes = axes_of(ax, side + 1.0, side, figsize)
    image = axes.imshow(parts, cmap=cmap, vmin=0, vmax=1 if normalize != "all" else float(max(parts.max(), 1e-12)))
    _annotate(axes, image, counts if normalize is None else parts)
    _name_axes(axes, names)
    right = float(np.trace(counts) / counts.sum())
    axes.set_title(f"{np.trace(counts)} of {counts.sum()} right ({right:.1%})", fontsize=10)
    bar = figure.colorbar(image, ax=axes, shrink=0.85, pad=0.03)
    what = {"true": "the true class", "pred": "the predicted class", "all": "all samples"}[normalize or "true"]
    bar.set_label(f"part of {what}", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return finish(figure, path)


def _annotate(axes: Any, image: Any, numbers: Array) -> None:
    count = len(numbers)
    if count > 30:
        return  # no number could be read
    size = float(np.clip(12 - 0.15 * count, 7, 10))
    for i in range(count):
        for j in range(count):
            red, green, blue, _ = image.to_rgba(image.get_array()[i, j])
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            value = numbers[i, j]
            text = str(value) if numbers.dtype.kind == "i" else f"{value:.2f}" if value else "0"
            faint = "0.7" if value == 0 else "black"
            axes.text(j, i, text, ha="center", va="center", fontsize=size, color="white" if dark else faint)


def _name_axes(axes: Any, names: list[str]) -> None:
    places, longest = range(len(names)), max(map(len, names))
    size = 9 if len(names) <= 20 else 7 if len(names) <= 40 else 4
    slanted = longest > 3
    axes.set_xticks(places, [wrapped(n) if not slanted else literal(n) for n in names], fontsize=size)
    axes.set_yticks(places, [wrapped(n, 20) for n in names], fontsize=size)
    if slanted:
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
