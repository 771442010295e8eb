"""Small networks to be trained, and samples for them."""

import numpy as np

from fastcnn import layers
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential


def data(n=100, features=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, features))
    return x, (x @ rng.normal(size=(features, classes))).argmax(1)


def small(loss="sparse_categorical_crossentropy", optimizer="sgd", classes=3, **kwargs):
    model = Sequential(
        [layers.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(classes, activation="softmax")]
    )
    model.compile(optimizer, loss, **kwargs)
    return model


def two_outputs(**kwargs):
    x = layers.Input((4,), name="x")
    model = Model(x, [layers.Dense(3, activation="softmax", name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", **kwargs)
    return model
