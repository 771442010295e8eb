"""CIFAR-100: 60,000 colour photographs of a hundred classes in twenty groups, 32 x 32."""

import os

from fastcnn.datasets import cifar

__all__ = ["load_data"]


def load_data(
    label_mode: str = "fine", path: str | os.PathLike[str] | None = None, *, download: bool = False
) -> cifar.Split:
    """CIFAR-100's images and labels, as Keras returns them, from the binary version of the files.

    Looked for in ``path``; or in ``FASTCNN_DATA``/cifar100, ``~/.cache/fastcnn``/cifar100 (``FASTCNN_HOME``) and
    Keras's cache: ``cifar-100-binary.tar.gz``, or the .bin files that were in it. The python version holds
    pickles and is not read.

    Args:
        label_mode: ``"fine"``, 100 classes, or ``"coarse"``, their 20 groups.
        path: the file or folder to read.
        download: refused: no checksum of the file is known for sure.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 images (50000, 32, 32, 3) and (10000, 32, 32, 3) from 0 to 255,
        and int64 labels (50000, 1) and (10000, 1).

    Example:
        >>> (x_train, y_train), _ = load_data("coarse")  # doctest: +SKIP
        >>> int(y_train.max())  # doctest: +SKIP
        19
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"label_mode must be 'fine' or 'coarse', got {label_mode!r}")
    members = ["train.bin"], ["test.bin"]
    (x_train, y_train), (x_test, y_test) = cifar.load(
        "cifar100", path, download, "cifar-100-binary.tar.gz", "cifar-100-binary", members, 2
    )
    column = slice(0, 1) if label_mode == "coarse" else slice(1, 2)
    split = (x_train, y_train[:, column].astype("int64")), (x_test, y_test[:, column].astype("int64"))
    return cifar.check_labels(split, 20 if label_mode == "coarse" else 100, "cifar100")
