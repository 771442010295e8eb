"""compile, fit, evaluate, predict: what makes a layer a model that learns."""

from fastcnn.training.arrays import pack as pack_x_y_sample_weight
from fastcnn.training.arrays import unpack as unpack_x_y_sample_weight
from fastcnn.training.pydataset import PyDataset
from fastcnn.training.state import TrainingState

__all__ = ["PyDataset", "TrainingState", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
