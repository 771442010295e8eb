"""What losses and metrics of several outputs are called in the logs: as in Keras, where Keras's names tell them apart."""

import numpy as np
import pytest

from fastcnn import layers, models, ops

X, A, B = np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), np.ones((4, 2), "float32")


class Two(models.Model):
    def __init__(self, form):
        super().__init__()
        self.a, self.b, self.form = layers.Dense(1), layers.Dense(2), form

    def call(self, x):
        return self.form(self.a(x), self.b(x))


def logs(form, loss, **arguments):
    model = Two(form)
    model.compile("sgd", loss, **arguments)
    history = model.fit(X, (A, B), verbose=0).history
    assert sorted(model.evaluate(X, (A, B), verbose=0, return_dict=True)) == sorted(history)
    return list(history)


@pytest.mark.parametrize("form", [lambda a, b: (a, b), lambda a, b: [a, b]])
def test_outputs_without_names_are_called_after_their_losses(form):
    def squared(y, z):
        return ops.mean((y - z) ** 2)

    assert logs(form, ["mse", squared]) == ["loss", "mse_loss", "squared_loss"]
    metrics = [["mae"], ["mse", "mae"]]
    assert sorted(logs(form, ["mse", "mae"], metrics=metrics)) == [
        "loss",
        "mae",
        "mae_1",
        "mae_loss",
        "mse",
        "mse_loss",
    ]
    assert logs(form, "mse") == ["loss", "mse_loss", "mse_loss_1"]  # Keras has one of the two


def test_outputs_with_names():
    assert logs(lambda a, b: {"p": a, "q": b}, {"p": "mse", "q": "mae"}) == ["loss", "p_loss", "q_loss"]


def test_nests_in_outputs_are_refused():
    model = Two(lambda a, b: {"p": a, "r": [b, a]})
    model.compile("sgd", {"p": "mse"})
    with pytest.raises(
        ValueError, match="must return a tensor, or a list or a dict of tensors, got a list under .* 'r'"
    ):
        model.fit(X, {"p": A}, verbose=0)
