"""One neuron: a perceptron with Rosenblatt's rule, Adaline, and logistic regression on AND, OR and XOR.

The notes, chapters "Perceptron" and "SLP". Needs no data. What to see: AND and OR are learned without a mistake; XOR
by no single neuron, whatever its rule (no straight line separates it), but by a hidden layer in front of it.
"""

import numpy as np

from fastcnn import ops
from fastcnn.layers import Dense, Input
from fastcnn.models import Sequential
from fastcnn.optimizers import SGD
from fastcnn.utils import set_random_seed

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
tables = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}


class Perceptron(Sequential):
    """Rosenblatt 1957: a step function has no gradient, so the weights move by eta * (y - prediction) * x."""

    def train_step(self, data):
        x, y = data
        prediction = self(x, training=True)
        error = ops.reshape(y, (-1, 1)) - prediction
        kernel, bias = self.trainable_variables
        rate = float(self.optimizer.learning_rate)
        kernel.assign_add(rate * ops.matmul(ops.transpose(x), error))
        bias.assign_add(rate * ops.sum(error, axis=0))
        return {"wrong": float(ops.sum(ops.abs(error)))}


def perceptron(y):
    model = Perceptron([Input((2,)), Dense(1, activation="step", kernel_initializer="zeros")])
    model.compile(optimizer=SGD(0.1))
    model.fit(x, y, epochs=20, batch_size=1, verbose=0)
    return int(np.abs(model.predict(x, verbose=0)[:, 0] - y).sum())


def adaline(y):
    """A linear neuron trained on the squared error; the step comes after training."""
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(optimizer=SGD(0.1), loss="mse")
    model.fit(x, y, epochs=500, batch_size="full", verbose=0)
    exact = np.linalg.lstsq(np.c_[x, np.ones(4)], y, rcond=None)[0]
    learned = np.concatenate([w.ravel() for w in model.get_weights()])
    return float(np.abs(learned - exact).max())


def logistic_regression(y):
    model = Sequential([Input((2,)), Dense(1, activation="sigmoid")])
    model.compile(optimizer=SGD(1.0), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=500, batch_size="full", verbose=0)
    return model.evaluate(x, y, verbose=0)[1]


def mlp(y):
    """A hidden layer makes XOR separable. Two neurons could do, but often get stuck; four find it."""
    model = Sequential([Input((2,)), Dense(4, activation="tanh"), Dense(1, activation="sigmoid")])
    model.compile(optimizer=SGD(0.5, momentum=0.9), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=300, batch_size="full", verbose=0)
    return model.evaluate(x, y, verbose=0)[1]


set_random_seed(1)
for name, truth in tables.items():
    y = np.array(truth, "float32")
    print(
        f"{name:4} perceptron: {perceptron(y)} of 4 wrong   "
        f"Adaline: {adaline(y):.1e} from least squares   logistic regression: accuracy {logistic_regression(y):.2f}"
    )
print(f"XOR  with a hidden layer: accuracy {mlp(np.array(tables['XOR'], 'float32')):.2f}")
