"""Features of many dimensions on a plane, to see whether classes lie apart."""

from importlib import import_module
from typing import Any

import numpy as np

from fastcnn.viz.arguments import check_choice, class_labels, labels_of, plain
from fastcnn.viz.figures import axes_of, finish
from fastcnn.viz.grids import wrapped

__all__ = ["principal_components", "show_embedding"]

Array = np.ndarray[Any, Any]


def principal_components(features: Array, count: int = 2) -> tuple[Array, Array]:
    """The coordinates along the directions of greatest variance, and which part of the variance each has.

    Args:
        features: (n, d).
        count: of directions.

    Example:
        >>> points, parts = principal_components(np.array([[0.0, 0.0], [3.0, 4.0]]), count=1)
        >>> np.abs(points).round(6).tolist(), parts.round(6).tolist()
        ([[2.5], [2.5]], [1.0])
    """
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(vt[np.arange(len(vt)), np.abs(vt).argmax(1)])  # a picture is not mirrored from machine to machine
    points = np.zeros((len(features), count))
    kept = min(count, len(s))
    points[:, :kept] = (u * s * signs)[:, :kept]
    parts = np.zeros(count)
    parts[:kept] = (s**2 / max(float((s**2).sum()), 1e-300))[:kept]
    return points, parts


def show_embedding(
    features: Any,
    labels: Any = None,
    method: str = "pca",
    *,
    class_names: Any = None,
    perplexity: float | None = None,
    seed: int = 0,
    ax: Any = None,
    figsize: Any = None,
    path: Any = None,
) -> Any:
    """Features on a plane, a colour for each class.

    Args:
        features: (n, ...), such as ``transfer.extract_features(model, x)`` gives; (n, h, w, c) is flattened.
        labels: the class of each, (n,) or one-hot.
        method: "pca", the plane of greatest variance, or "tsne", which keeps neighbours together but neither distances
            nor sizes (scikit-learn does it, beginning with 50 principal components).
        class_names: in the order of the classes.
        perplexity: of t-SNE: about how many neighbours count; 30, or a third of ``n`` where that is less.
        seed: of t-SNE.
        ax: axes to draw on.
        figsize: (width, height) in inches.
        path: a file to write.

    Returns:
        The ``Figure``.

    Example:
        >>> figure = show_embedding(np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 1.0]]), [0, 0, 1])
        >>> [len(dots.get_offsets()) for dots in figure.axes[0].collections]
        [2, 1]
    """
    check_choice(method, "method", ["pca", "tsne"])
    array = plain(features, "features")
    if array.ndim < 2 or len(array) < 3:
        raise ValueError(f"features must be (n, ...) with n of at least 3, got shape {array.shape}")
    flat = array.reshape(len(array), -1)
    if not np.all(np.isfinite(flat)):
        raise ValueError("features must be finite, but hold NaN or infinity")
    known = None if labels is None else labels_of(labels, "labels")
    if known is not None and len(known) != len(flat):
        raise ValueError(f"labels must be as many as the features, {len(flat)}, got {len(known)}")
    if method == "pca":
        if perplexity is not None:
            raise ValueError("perplexity goes with method='tsne'; PCA has none")
        points, parts = principal_components(flat)
        titles = [f"component {i + 1} ({part:.1%} of the variance)" for i, part in enumerate(parts)]
    else:
        points, titles = _tsne(flat, perplexity, seed), ["t-SNE 1", "t-SNE 2"]
    figure, axes = axes_of(ax, 7.0, 5.2, figsize)
    _scatter(axes, points, known, class_names)
    axes.set_xlabel(titles[0], fontsize=9)
    axes.set_ylabel(titles[1], fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.2)
    return finish(figure, path)


def _tsne(flat: Array, perplexity: float | None, seed: int) -> Array:
    try:
        manifold = import_module("sklearn.manifold")
    except ImportError:
        raise ImportError("method='tsne' needs scikit-learn: pip install \"fastcnn[sklearn]\"") from None
    limit = (len(flat) - 1) / 3
    if perplexity is None:
        perplexity = max(min(30.0, limit), 1.0)
    if isinstance(perplexity, bool) or not isinstance(perplexity, (int, float)) or not 0 < perplexity < len(flat):
        raise ValueError(
            f"perplexity must be above 0 and below {len(flat)}, the number of features, got {perplexity!r}"
        )
    reduced = principal_components(flat, min(50, *flat.shape))[0]
    scale = float(reduced[:, 0].std()) or 1.0
    start = np.ascontiguousarray(_plane(reduced) / scale * 1e-4, np.float32)
    return manifold.TSNE(2, perplexity=float(perplexity), init=start, random_state=int(seed)).fit_transform(
        np.ascontiguousarray(reduced, np.float32)
    )


def _plane(reduced: Array) -> Array:
    return np.pad(reduced[:, :2], ((0, 0), (0, max(2 - reduced.shape[1], 0))))


def _scatter(axes: Any, points: Array, known: Array | None, class_names: Any) -> None:
    size = float(np.clip(8000 / len(points), 8, 40))
    if known is None:
        axes.scatter(points[:, 0], points[:, 1], s=size, alpha=0.75, linewidths=0)
        return
    from matplotlib import colormaps

    present = np.unique(known)
    names = class_labels(class_names, int(present.max()) + 1)
    tab = colormaps["tab10" if len(present) <= 10 else "tab20"]
    many = colormaps["turbo"]
    marks = "os^Dv"
    for i, c in enumerate(present):
        colour = tab(i) if len(present) <= 20 else many(i / (len(present) - 1))
        rows = points[known == c]
        axes.scatter(
            rows[:, 0], rows[:, 1], s=size, color=[colour], alpha=0.75, linewidths=0, label=wrapped(names[c]),
            marker=marks[i // 10 % len(marks)],
        )  # fmt: skip
    if len(present) <= 40:
        legend = axes.legend(
            fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5), ncols=-(-len(present) // 20), framealpha=0.9,
            markerscale=float(np.sqrt(40 / size)),
        )  # fmt: skip
        for handle in legend.legend_handles:
            handle.set_alpha(1)
