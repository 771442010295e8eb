"""Arguments of constructors that are of the wrong kind, missing or unknown: refused where they are given, by name."""

import copy
import math
import pickle
import warnings

import numpy as np
import pytest

from fastcnn import (
    callbacks,
    constraints,
    data,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
    utils,
)
from fastcnn.optimizers import schedules
from fastcnn.preprocessing.image import ImageDataGenerator


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
        (lambda: layers.Permute(2), "Permute: dims must be a list or tuple, got 2"),
        (lambda: layers.Rescaling("1/255"), "Rescaling: scale must be a number, or one for each channel, got '1/255'"),
        (lambda: layers.Normalization(mean=0.0, variance=-1.0), "variance must not be negative, got -1.0"),
        (lambda: layers.Concatenate([np.ones((9, 9))] * 2), r"Concatenate: axis must be a number, got \[array\(\[\["),
        (lambda: layers.Add([1, 2]), r"Add takes 0 arguments by position, got 1; what it works on .* as in Add\(\)\(x\)"),
        (lambda: models.Sequential(layers.Dense(3)), "Sequential: layers must be a list of layers, got <Dense"),
        (lambda: models.Sequential(layers.Flatten(), layers.Dense(3)), r"got <Flatten .*; write Sequential\(\[a, b\]\)"),
        (lambda: models.Sequential([layers.Flatten]), r"takes layers, got the class Flatten; write Flatten\(\.\.\.\)"),
        (lambda: layers.Input(28, 28, 1), r"Input: shape must be a tuple, as in Input\(\(28, 28, 1\)\), got 28"),
        (lambda: layers.Dense(3)(None), r"Dense 'dense\w*' takes an array or a tensor, got None"),
        (lambda: layers.Dense(3)("x"), r"Dense 'dense\w*' takes an array or a tensor, got 'x'"),
        (lambda: layers.Dense(3)(layers.Flatten()), r"a tensor is wanted here, got the layer 'flatten\w*': call it on a"),
        (lambda: layers.MaxPooling2D(9)(np.ones((1, 8, 8, 1))), "MaxPooling2D 'm.*': the window 9x9 does not fit into 8x8"),
        (lambda: optimizers.Adam(beta_1=1.5), "Adam: beta_1 must be a number from 0 to 1, got 1.5"),
        (lambda: optimizers.RMSprop(rho=-1), "RMSprop: rho must be a number from 0 to 1, got -1"),
        (lambda: optimizers.Adam(epsilon=-1e-7), "Adam: epsilon must be a number not below 0, got -1e-07"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=3), "label_smoothing must be a number from 0 to 1, got 3"),
        (lambda: callbacks.ReduceLROnPlateau(factor=-0.1), "ReduceLROnPlateau: factor must be a number not below 0, got"),
        (lambda: metrics.TopKCategoricalAccuracy(k=0), "TopKCategoricalAccuracy: k must be at least 1, got 0"),
        (lambda: metrics.MeanIoU(0), "num_classes must be at least 1, got 0"),
        (lambda: ImageDataGenerator(width_shift_range=0.1, horizontal_flip="yes"), "horizontal_flip must be True or False"),
        (lambda: ImageDataGenerator(rotation_rang=3), r"unknown argument 'rotation_rang'. Did you mean 'rotation_range'\?"),
        (lambda: utils.image_dataset_from_directory(".", shufle=1), r"argument 'shufle'. Did you mean 'shuffle'\?"),
        (lambda: utils.image_dataset_from_directory(".", validation_split="a", subset="both"), "validation_split must be"),
        (lambda: utils.to_categorical([0], num_classes="3"), "num_classes must be a positive int or None, got '3'"),
        (lambda: utils.to_categorical([0], num_classes=0), "num_classes must be a positive int or None, got 0"),
        (lambda: utils.img_to_array("cat.jpg"), "img must be an image or an array, got 'cat.jpg'; load_img reads a file"),
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
        (lambda: losses.Dice("sum", "dice", -1, None, 3), r"Dice takes 4 arguments by position \(reduction, .*\), got 5"),
        (lambda: layers.Flatten(28, 28), r"Flatten takes 1 argument by position \(data_format\), got 2"),
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

    assert losses.CategoricalFocalCrossentropy(alpha=[0.1, 0.2])
    assert Mine("as you like").factor == "as you like"
    with pytest.raises(TypeError, match="Doubled: use_bias must be True or False, got 'no'"):
        Doubled()


def test_warnings_of_constructors_point_at_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callbacks.ModelCheckpoint("a.weights.h5", save_weight_only=True)
        ImageDataGenerator(featurewise_std_normalization=True)
    assert [w.filename for w in caught] == [__file__] * 2


def test_copies_and_pickles_need_no_arguments():
    for thing in (layers.Dense(3), optimizers.Adam(), losses.Huber(2.0), metrics.AUC()):
        assert type(copy.deepcopy(thing)) is type(pickle.loads(pickle.dumps(thing))) is type(thing)
    assert utils.PyDataset(workers=2).workers == 2
