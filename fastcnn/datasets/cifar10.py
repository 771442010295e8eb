"""CIFAR-10: 60,000 colour photographs of ten classes, 32 x 32."""

import os

from fastcnn.datasets import cifar

__all__ = ["CLASSES", "load_data"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_MEMBERS = ([f"data_batch_{i}.bin" for i in range(1, 6)], ["test_batch.bin"])


def load_data(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> cifar.Split:
    """CIFAR-10's images and labels, as Keras returns them, from the binary version of the files.

    Looked for in ``path``; or in ``FASTCNN_DATA``/cifar10, ``~/.cache/fastcnn``/cifar10 (``FASTCNN_HOME``) and Keras's
    cache: ``cifar-10-binary.tar.gz``, or the .bin files that were in it. The python version holds
    pickles and is not read.

    Args:
        path: the file or folder to read.
        download: refused: no checksum of the file is known for sure.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images (50000, 32, 32, 3) and (10000, 32, 32, 3) from 0 to 255,
        and uint8 labels (50000, 1) and (10000, 1), which ``CLASSES`` names.

    Example:
        >>> CLASSES[3]
        'cat'
    """
    split = cifar.load("cifar10", path, download, "cifar-10-binary.tar.gz", "cifar-10-batches-bin", _MEMBERS, 1)
    return cifar.check_labels(split, 10, "cifar10")
