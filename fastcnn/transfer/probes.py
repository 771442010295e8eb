"""How well features tell classes apart, measured without training: each sample is predicted from all others."""

from typing import Any

import numpy as np

__all__ = ["balanced_accuracy", "linear_probe", "nearest_probe", "standardized", "thumbnails"]

Array = np.ndarray[Any, Any]

PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)  # of the linear probe, relative to the mean squared length of a sample


def standardized(features: Array) -> Array:
    """Samples in rows, in float64, each column with mean 0 and variance 1; constant columns are left out."""
    flat = np.asarray(features, np.float64).reshape(len(features), -1)
    flat = flat - flat.mean(0)
    spread = flat.std(0)
    kept = spread > 1e-7 * max(spread.max(initial=0.0), 1e-30)
    return flat[:, kept] / spread[kept]


def balanced_accuracy(labels: Array, predicted: Array) -> float:
    """The mean over classes of the part of its samples that are predicted right.

    Example:
        >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
        0.5
    """
    return float(np.mean([np.mean(predicted[labels == c] == c) for c in np.unique(labels)]))


def linear_probe(features: Array, labels: Array) -> float:
    """The leave-one-out accuracy of a linear classifier: ridge regression on the classes, which weigh the same.

    All predictions follow from one decomposition of the (n, n) matrix of inner products: with ``G = K + penalty``, the
    prediction for sample i by all others is ``y_i - (G^-1 y)_i / (G^-1)_ii``. The best of a few penalties counts.

    Args:
        features: (n, ...).
        labels: (n,) ints from 0.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.arange(40) % 2
        >>> linear_probe(rng.normal(size=(40, 3)) + 5 * y[:, None], y)
        1.0
    """
    x = standardized(features)
    n = len(x)
    counts = np.bincount(labels)
    targets = np.where(labels[:, None] == np.arange(len(counts)), 1.0, -1.0)
    weights = np.sqrt(n / (len(counts) * counts[labels]))[:, None]
    inner = (x @ x.T + 1.0) * weights * weights.T  # the constant stands for the bias
    targets = targets * weights
    values, vectors = np.linalg.eigh(inner)
    scale = max(float(np.trace(inner)) / n, 1e-12)
    best = 0.0
    for penalty in PENALTIES:
        inverse = 1.0 / (np.maximum(values, 0.0) + penalty * scale)
        alpha = vectors @ (inverse[:, None] * (vectors.T @ targets))
        left_out = targets - alpha / np.einsum("ij,j,ij->i", vectors, inverse, vectors)[:, None]
        best = max(best, balanced_accuracy(labels, left_out.argmax(1)))
    return best


def nearest_probe(features: Array, labels: Array, neighbours: int = 5) -> float:
    """The leave-one-out accuracy of the k nearest neighbours by cosine, the classes weighing the same.

    Args:
        features: (n, ...).
        labels: (n,) ints from 0.
        neighbours: how many vote, each with its similarity.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> y = np.arange(40) % 2
        >>> nearest_probe(rng.normal(size=(40, 3)) + 9 * y[:, None], y)
        1.0
    """
    x = standardized(features)
    x = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    similarity = x @ x.T
    np.fill_diagonal(similarity, -np.inf)
    k = min(neighbours, len(x) - 1)
    near = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    votes = np.zeros((len(x), labels.max() + 1))
    weights = np.take_along_axis(similarity, near, 1) + 1.0
    np.add.at(votes, (np.arange(len(x))[:, None], labels[near]), weights)
    return balanced_accuracy(labels, votes.argmax(1))


def thumbnails(images: Array, size: int = 16) -> Array:
    """Images as small as that by means over cells: the raw pixels that features are measured against.

    Example:
        >>> thumbnails(np.arange(16.0).reshape(1, 4, 4, 1), 2)[0, :, :, 0].tolist()
        [[2.5, 4.5], [10.5, 12.5]]
    """
    images = np.asarray(images)
    for axis in (1, 2) if images.ndim == 4 else ():
        count = images.shape[axis]
        cells = min(size, count)
        edges = np.arange(cells) * count // cells
        sums = np.add.reduceat(images, edges, axis, dtype=np.float64)
        widths = np.diff(np.append(edges, count))
        images = sums / widths.reshape([-1 if a == axis else 1 for a in range(images.ndim)])
    return images
