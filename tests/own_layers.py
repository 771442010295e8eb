"""Layers as users write them, and what they are called with."""

import numpy as np

from fastcnn import layers
from fastcnn.layers import Layer

X = np.arange(8.0, dtype=np.float32).reshape(2, 4)


class Scale(Layer):
    """A weight made in build."""

    builds = 0

    def build(self, input_shape):
        type(self).builds += 1
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, x):
        return x * self.factor


class Block(Layer):
    """Sublayers in a list, a dict and an attribute; a weight made in __init__, another in build."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.steps = [layers.Dense(units), layers.Dense(units)]
        self.heads = {"a": layers.Dense(2)}
        self.counter = self.add_weight(shape=(2,), name="counter", trainable=False, initializer="zeros")

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(2,), name="scale", initializer="ones")

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return self.heads["a"](x) * self.scale

    def get_config(self):
        return {**super().get_config(), "units": self.units}
