"""Fashion-MNIST: 70,000 pieces of clothing in ten classes, 28 x 28, grey."""

import os

from fastcnn.datasets import grey

__all__ = ["CLASSES", "load_data"]

CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


def load_data(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> grey.Split:
    """Fashion-MNIST's images and labels, as Keras returns them.

    Looked for in ``path``; or in ``FASTCNN_DATA``/fashion_mnist, ``~/.cache/fastcnn``/fashion_mnist (``FASTCNN_HOME``)
    and Keras's cache: the four idx files, or ``fashion_mnist.npz``.

    Args:
        path: the file or folder to read.
        download: refused: no checksum of the files is known for sure.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images (60000, 28, 28) and (10000, 28, 28) from 0 to 255, and
        uint8 labels 0 to 9, which ``CLASSES`` names.

    Example:
        >>> CLASSES[9]
        'Ankle boot'
    """
    return grey.load("fashion_mnist", path, download, "fashion-mnist", None)
