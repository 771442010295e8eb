"""Small networks in the shapes of the famous ones, and data for them."""

import numpy as np

import fastcnn
from fastcnn import layers, models


def images(n=24, size=12, channels=3, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    x = rng.normal(size=(n, size, size, channels)).astype("float32")
    x[..., 0] += y[:, None, None] - 1.0
    return x, y


def vgg(top=True, seed=1):
    """Convolutions, Flatten, two Dense layers, a classifier."""
    fastcnn.utils.set_random_seed(seed)
    x = inputs = layers.Input((12, 12, 3), name="pixels")
    for block in (1, 2):
        x = layers.Conv2D(4, 3, padding="same", activation="relu", name=f"block{block}_conv1")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
    if top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(8, activation="relu", name="fc1")(x)
        x = layers.Dense(10, activation="softmax", name="predictions")(x)
    return models.Model(inputs, x, name="vgg")


def resnet(top=True, seed=1):
    """A residual block with batch normalisation, global average pooling, a classifier."""
    fastcnn.utils.set_random_seed(seed)
    inputs = layers.Input((12, 12, 3), name="pixels")
    x = layers.Conv2D(4, 3, padding="same", name="conv1")(inputs)
    x = layers.BatchNormalization(name="bn1")(x)
    x = start = layers.ReLU(name="relu1")(x)
    x = layers.Conv2D(4, 3, padding="same", name="conv2")(x)
    x = layers.BatchNormalization(name="bn2")(x)
    x = layers.Add(name="add")([x, start])
    x = layers.ReLU(name="relu2")(x)
    if top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(10, activation="softmax", name="predictions")(x)
    return models.Model(inputs, x, name="resnet")


def squeezenet(seed=1):
    """The classes come from a 1x1 convolution, before the global pooling."""
    fastcnn.utils.set_random_seed(seed)
    inputs = layers.Input((12, 12, 3), name="pixels")
    x = layers.Conv2D(4, 3, activation="relu", name="squeeze")(inputs)
    left = layers.Conv2D(3, 1, activation="relu", name="expand1")(x)
    right = layers.Conv2D(3, 3, padding="same", activation="relu", name="expand3")(x)
    x = layers.Concatenate(name="fire")([left, right])
    x = layers.Dropout(0.5, name="drop")(x)
    x = layers.Conv2D(10, 1, kernel_initializer="he_normal", name="classes")(x)
    x = layers.ReLU(name="last_relu")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return models.Model(inputs, layers.Softmax(name="softmax")(x), name="squeezenet")


def mobilenet(seed=1):
    """Pooling that keeps its axes, dropout, a 1x1 convolution, Reshape, softmax."""
    fastcnn.utils.set_random_seed(seed)
    inputs = layers.Input((12, 12, 3), name="pixels")
    x = layers.DepthwiseConv2D(3, name="depthwise")(inputs)
    x = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
    x = layers.Dropout(0.2, name="drop")(x)
    x = layers.Conv2D(10, 1, name="classes")(x)
    x = layers.Reshape((10,), name="reshape")(x)
    return models.Model(inputs, layers.Activation("softmax", name="softmax")(x), name="mobilenet")


def nested(seed=1):
    """A base as one layer of a Sequential model, as tutorials have it."""
    base = resnet(top=False, seed=seed)
    return models.Sequential(
        [
            base,
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dropout(0.2, name="drop"),
            layers.Dense(10, activation="softmax", name="out"),
        ],
        name="whole",
    )


def flat(seed=1):
    """A Sequential model."""
    fastcnn.utils.set_random_seed(seed)
    return models.Sequential(
        [
            layers.Input((12, 12, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv1"),
            layers.Conv2D(4, 3, activation="relu", name="conv2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.3, name="drop"),
            layers.Dense(10, name="out"),
            layers.Softmax(name="softmax"),
        ],
        name="flat",
    )
