"""Small models of every kind of layer, trained for a few steps: what the tests of programs compare."""

import numpy as np

from fastcnn import layers, models, utils


def bn_relu(x, filters, **options):
    x = layers.Conv2D(filters, 3, padding="same", **options)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.8)(x))


def plain(shape=(12, 12, 3)):
    x = start = layers.Input(shape)
    x = layers.Conv2D(8, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    return models.Model(start, layers.Dense(5, activation="softmax")(x))


def normalised():
    x = start = layers.Input((12, 12, 3))
    x = bn_relu(bn_relu(x, 8), 8, use_bias=False)
    x = layers.AveragePooling2D(2)(x)
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def residual():
    x = start = layers.Input((12, 12, 3))
    x = bn_relu(x, 8)
    for stride in (1, 2):
        shortcut = x if stride == 1 else layers.BatchNormalization()(layers.Conv2D(8, 1, strides=2)(x))
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, strides=stride)(layers.ZeroPadding2D(1)(x))))
        y = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", kernel_regularizer="l2")(y))
        x = layers.Activation("relu")(layers.Add()([y, shortcut]))
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


def mobile():
    x = start = layers.Input((12, 12, 3))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, depth_multiplier=2)(x)
    x = layers.ReLU(max_value=6.0)(layers.BatchNormalization()(x))
    x = layers.SeparableConv2D(8, 3, activation="relu")(x)
    x = layers.SpatialDropout2D(0.2)(x)
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.GlobalMaxPooling2D()(x)))


def branches():
    x = start = layers.Input((12, 12, 3))
    a, b = bn_relu(x, 4), layers.Conv2D(4, 1, activation="tanh")(x)
    x = layers.Concatenate()([a, b, layers.UpSampling2D()(layers.MaxPooling2D()(x))])
    x = layers.PReLU(shared_axes=[1, 2])(layers.GroupNormalization(groups=1)(x))
    x = layers.Multiply()([x, layers.Activation("sigmoid")(layers.LayerNormalization()(x))])
    return models.Model(start, layers.Dense(5, activation="softmax")(layers.Flatten()(x)))


BUILDERS = {f.__name__: f for f in (plain, normalised, residual, mobile, branches)}


def data(n=40, shape=(12, 12, 3)):
    rng = np.random.default_rng(5)
    return rng.standard_normal((n, *shape), dtype=np.float32), rng.integers(0, 5, n)


def fitted(build, eager, optimizer="adam", epochs=2, **options):
    utils.set_random_seed(3)
    model = build()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eager)
    x, y = data()
    history = model.fit(x, y, batch_size=16, epochs=epochs, verbose=0, validation_split=0.2, **options)
    return model, history.history


def names(program):
    return [step.operation.name for step in program.steps]


def only(plans):
    (step,) = plans.values()
    return step
