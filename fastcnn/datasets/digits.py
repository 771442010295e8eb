"""scikit-learn's digits: 1,797 real handwritten digits, 8 x 8, that come with the package."""

from importlib import import_module
from typing import Any

import numpy as np

__all__ = ["load_data"]

Array = np.ndarray[Any, Any]


def load_data() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """scikit-learn's digits, in a fixed split: of each class, every fifth image is for the test.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images (1442, 8, 8, 1) and (355, 8, 8, 1) from 0 to 16 (divide
        by 16, not by 255), and uint8 labels 0 to 9.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
        >>> x_train.max()  # doctest: +SKIP
        16
    """
    try:
        found = import_module("sklearn.datasets").load_digits()
    except ImportError:
        raise ImportError('datasets.digits needs scikit-learn: pip install "fastcnn[sklearn]"') from None
    images, labels = found.images[..., None].astype(np.uint8), found.target.astype(np.uint8)
    test = np.zeros(len(labels), bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[4::5]] = True
    return (images[~test], labels[~test]), (images[test], labels[test])
