"""MNIST: 70,000 handwritten digits, 28 x 28, grey."""

import os

from fastcnn.datasets import grey
from fastcnn.datasets.files import Download

__all__ = ["load_data"]

_SOURCE = Download(
    "mnist.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    11490434,
)


def load_data(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> grey.Split:
    """MNIST's images and labels, as Keras returns them.

    Looked for in ``path``; or in ``FASTCNN_DATA``/mnist, ``~/.cache/fastcnn``/mnist (``FASTCNN_HOME``) and Keras's
    cache: ``mnist.npz`` or the four idx files.

    Args:
        path: the file or folder to read.
        download: whether to fetch it (11 MB) where it is in none of these.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images (60000, 28, 28) and (10000, 28, 28) from 0 to 255, and
        uint8 labels 0 to 9.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
        >>> x_train.shape, y_test.shape  # doctest: +SKIP
        ((60000, 28, 28), (10000,))
    """
    return grey.load("mnist", path, download, "", _SOURCE)
