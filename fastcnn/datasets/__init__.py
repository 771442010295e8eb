"""Data to learn from: ``load_data()`` of each returns ``(x_train, y_train), (x_test, y_test)`` as Keras's does."""

from fastcnn.absent import explain_absent
from fastcnn.datasets import cifar10, cifar100, digits, fashion_mnist, mnist, shapes

__all__ = ["cifar10", "cifar100", "digits", "fashion_mnist", "mnist", "shapes"]
explain_absent(__name__)
