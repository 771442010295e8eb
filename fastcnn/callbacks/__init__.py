"""Callbacks with Keras 3's names: what happens beside training, at its batches and epochs."""

from fastcnn.absent import explain_absent
from fastcnn.callbacks.averaging import SwapEMAWeights
from fastcnn.callbacks.backup import BackupAndRestore
from fastcnn.callbacks.callback import Callback
from fastcnn.callbacks.callback_list import CallbackList
from fastcnn.callbacks.checkpoint import ModelCheckpoint
from fastcnn.callbacks.history import History
from fastcnn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from fastcnn.callbacks.logging import CSVLogger, LambdaCallback, TensorBoard
from fastcnn.callbacks.progbar import ProgbarLogger
from fastcnn.callbacks.stopping import EarlyStopping, TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
explain_absent(__name__)
