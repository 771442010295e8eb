"""Data that comes batch by batch, by number: the base class of one's own, under Keras 2's name too."""

from fastcnn.training.pydataset import PyDataset

__all__ = ["PyDataset", "Sequence"]

Sequence = PyDataset
