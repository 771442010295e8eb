"""Arguments of constructors that are of the wrong kind, missing or unknown: refused where they are given, by name."""

import copy
import math
import pickle

import numpy as np
import pytest

from fastcnn import callbacks, constraints, data, initializers, layers, losses, metrics, optimizers, regularizers, utils
from fastcnn.optimizers import schedules


@pytest.mark.parametrize(
    ("make", "message"),
    [
        # a string, a list, nothing, NaN in place of a number
        (lambda: optimizers.Adam(beta_1="0.9"), "Adam: beta_1 must be a number, got '0.9'"),
        (lambda: optimizers.Adam(clipnorm="1"), "Adam: clipnorm must be a number or None, got '1'"),
        (lambda: optimizers.SGD(0.1, nesterov="yes"), "SGD: nesterov must be True or False, got 'yes'"),
        (lambda: optimizers.RMSprop(rho=math.nan), "RMSprop: rho must be a number, got nan"),
        (lambda: schedules.ExponentialDecay("0.1", 10, 0.9), "initial_learning_rate must be a number, got '0.1'"),
        (lambda: schedules.CosineDecay(0.1, None), "CosineDecay: decay_steps must be a number, got None"),
        (lambda: callbacks.EarlyStopping(patience="3"), "EarlyStopping: patience must be a number, got '3'"),
        (lambda: callbacks.ReduceLROnPlateau(factor=[0.1]), r"ReduceLROnPlateau: factor must be a number, got \[0.1\]"),
        (lambda: callbacks.LambdaCallback("end"), "on_epoch_begin must be a function or None, got 'end'"),
        (lambda: callbacks.CSVLogger("a.csv", separator=3), "CSVLogger: separator must be a string, got 3"),
        (lambda: initializers.RandomNormal(stddev="small"), "RandomNormal: stddev must be a number, got 'small'"),
        (lambda: constraints.MaxNorm("3"), "MaxNorm: max_value must be a number, got '3'"),
        (lambda: regularizers.L2([0.1]), "l2 must be a number"),
        (lambda: losses.Huber(delta=None), "Huber: delta must be a number, got None"),
        (lambda: metrics.AUC(num_thresholds="many"), "AUC: num_thresholds must be a number, got 'many'"),
        (lambda: layers.BatchNormalization(momentum="0.9"), "BatchNormalization: momentum must be a number, got '0.9'"),
        (lambda: layers.LayerNormalization(epsilon=[1]), r"LayerNormalization: epsilon must be a number, got \[1\]"),
        (lambda: data.ImageDataset([], seed="a"), "ImageDataset: seed must be a number or None, got 'a'"),
        (lambda: layers.LeakyReLU(True), "LeakyReLU: negative_slope must be a number, got True"),
        # the wrong order
        (lambda: layers.Dense(3, "relu", "zeros"), "Dense: use_bias must be True or False, got 'zeros'"),
        (lambda: losses.BinaryCrossentropy("sum"), "BinaryCrossentropy: from_logits must be True or False, got 'sum'"),
        (lambda: losses.Huber("none"), "Huber: delta must be a number, got 'none'"),
        # forgotten, unknown, too many
        (lambda: layers.AveragePooling2D(), "AveragePooling2D needs the argument 'pool_size'"),
        (lambda: layers.Conv2D(3), "Conv2D needs the argument 'kernel_size'"),
        (lambda: schedules.PolynomialDecay(0.1), "PolynomialDecay needs the argument 'decay_steps'"),
        (lambda: losses.Huber(detla=2.0), r"Huber got an unknown argument 'detla'. Did you mean 'delta'\?"),
        (lambda: metrics.AUC(curves="PR"), r"AUC got an unknown argument 'curves'. Did you mean 'curve'\?"),
        (lambda: losses.Dice("sum", "dice", -1, None, 3), "Dice takes 4 arguments by position, reduction, name, axis, "),
    ],
)  # fmt: skip
def test_what_is_no_argument(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_what_else_is_a_number_or_a_truth():
    assert layers.Dropout(np.float32(0.5)).rate == 0.5 and optimizers.Adam(beta_1=np.float64(0.5)).beta_1 == 0.5
    assert callbacks.EarlyStopping(patience=5.0, verbose=True).patience == 5
    assert layers.Dense(2, use_bias=0).use_bias == 0 and layers.Dense(2, use_bias=np.True_).use_bias
    assert constraints.MaxNorm(2.0, axis=[0, 1, 2]).axis == [0, 1, 2]


def test_constructors_of_others_are_their_own():
    class Mine(layers.Layer):
        def __init__(self, factor: int = 3, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

    class Doubled(layers.Dense):
        def __init__(self, units: int = 1):
            super().__init__(units, use_bias="no")

    assert Mine("as you like").factor == "as you like"
    with pytest.raises(TypeError, match="Doubled: use_bias must be True or False, got 'no'"):
        Doubled()


def test_copies_and_pickles_need_no_arguments():
    for thing in (layers.Dense(3), optimizers.Adam(), losses.Huber(2.0), metrics.AUC()):
        assert type(copy.deepcopy(thing)) is type(pickle.loads(pickle.dumps(thing))) is type(thing)
    assert utils.PyDataset(workers=2).workers == 2
