"""Ten steps of training from the same weights: the kernels follow float64 NumPy, and PyTorch where it is installed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import backend, layers, losses, optimizers, utils
from fastcnn.models import Model, Sequential

STEPS, BATCH, SIZE = 10, 8, 12
LOSS_TOLERANCE = GRADIENT_TOLERANCE = 1e-4


def mnist_cnn() -> Any:
    return Sequential(
        [
            layers.Input((SIZE, SIZE, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.0),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.0),
            layers.Dense(10, activation="softmax"),
        ]
    )


def bn_cnn() -> Any:
    model = Sequential([layers.Input((SIZE, SIZE, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    return model


def residual_cnn() -> Any:
    def conv_bn(x: Any, filters: int, size: int = 3, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    inputs = layers.Input((SIZE, SIZE, 1))
    x = layers.ReLU()(conv_bn(inputs, 8))
    h = layers.ReLU()(conv_bn(x, 8))
    x = layers.ReLU()(layers.add([x, conv_bn(h, 8)]))
    h = layers.ReLU()(conv_bn(x, 16, strides=2))
    h = conv_bn(h, 16)
    x = layers.ReLU()(layers.add([conv_bn(x, 16, size=1, strides=2), h]))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(10, activation="softmax")(x))


MODELS = {"mnist_cnn": mnist_cnn, "bn_cnn": bn_cnn, "residual_cnn": residual_cnn}
OPTIMIZERS = {"sgd_momentum": lambda: optimizers.SGD(0.02, momentum=0.9), "adam": lambda: optimizers.Adam(0.001)}
CASES = [(model, optimizer) for model in MODELS for optimizer in OPTIMIZERS]


def batches() -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(7)
    return [
        (rng.random((BATCH, SIZE, SIZE, 1), dtype=np.float32), rng.integers(0, 10, BATCH).astype(np.int32))
        for _ in range(STEPS)
    ]


def start_of(name: str) -> Any:
    backend.clear_session()  # the first Dense is called dense
    utils.set_random_seed(11)
    return MODELS[name]()


def ten_steps(model: Any, optimizer: Any) -> tuple[list[float], list[list[Any]]]:
    """The loss and the gradients before each step."""
    loss_function = losses.SparseCategoricalCrossentropy()
    all_losses, all_gradients = [], []
    for x, y in batches():
        with fastcnn.GradientTape() as tape:
            loss = loss_function(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        all_losses.append(float(loss))
        all_gradients.append([g.numpy().copy() for g in gradients])
        optimizer.apply(gradients, model.trainable_variables)
    return all_losses, all_gradients


@pytest.fixture
def float64() -> Iterator[None]:
    backend.set_floatx("float64")
    yield
    backend.set_floatx("float32")


def agree(names: list[str], found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found[0], expected[0], rtol=LOSS_TOLERANCE)
    assert found[0][0] != found[0][-1]
    for step, (mine, theirs) in enumerate(zip(found[1], expected[1], strict=True)):
        for name, a, b in zip(names, mine, theirs, strict=True):
            assert a.shape == b.shape
            distance = np.linalg.norm(a - b) / np.linalg.norm(b)
            assert distance <= GRADIENT_TOLERANCE, f"step {step + 1}, {name}: {distance:.2g}"


@pytest.mark.parametrize(("name", "optimizer"), CASES)
def test_kernels_follow_the_float64_reference(name: str, optimizer: str, request: pytest.FixtureRequest) -> None:
    model = start_of(name)
    weights = model.get_weights()
    found = ten_steps(model, OPTIMIZERS[optimizer]())
    request.getfixturevalue("float64")
    exact = start_of(name)
    exact.set_weights([w.astype(np.float64) for w in weights])
    assert {w.dtype for w in exact.weights} == {"float64"}
    agree([v.path for v in model.trainable_variables], found, ten_steps(exact, OPTIMIZERS[optimizer]()))
    for mine, theirs in zip(model.non_trainable_variables, exact.non_trainable_variables, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-5)  # BN's moving statistics


@pytest.mark.parametrize(("name", "optimizer"), CASES)
def test_train_on_batch_is_this_loop(name: str, optimizer: str) -> None:
    by_hand, _ = ten_steps(start_of(name), OPTIMIZERS[optimizer]())
    model = start_of(name)
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy")
    by_trainer = []
    for x, y in batches():
        model.reset_metrics()
        by_trainer.append(model.train_on_batch(x, y))
    np.testing.assert_allclose(by_trainer, by_hand, rtol=1e-6)


class TorchNets:
    """The same networks in PyTorch, on weights in our layout, so that the gradients come in it too.

    Layers take their weights by name: ``conv2d``, ``conv2d_1``... in the order in which they are called.
    """

    def __init__(self, torch: Any, weights: dict[str, Any]):
        self.f, self.weights = torch.nn.functional, weights
        self.called: dict[str, int] = {}

    def __call__(self, name: str, x: Any) -> Any:
        self.called = dict.fromkeys(("conv2d", "batch_normalization", "dense"), 0)
        return getattr(self, name)(x.permute(0, 3, 1, 2))

    def next_of(self, kind: str, *weights: str) -> list[Any]:
        number = self.called[kind]
        self.called[kind] += 1
        layer = f"{kind}_{number}" if number else kind
        return [self.weights[f"{layer}/{weight}"] for weight in weights]

    def conv(self, x: Any, bias: bool, strides: int = 1) -> Any:
        kernel, *rest = self.next_of("conv2d", "kernel", *(["bias"] if bias else []))
        return self.f.conv2d(x, kernel.permute(3, 2, 0, 1), *rest, stride=strides)

    def same_conv_bn(self, x: Any, size: int = 3, strides: int = 1) -> Any:
        before, after = {(3, 1): (1, 1), (3, 2): (0, 1), (1, 2): (0, 0)}[size, strides]
        return self.bn(self.conv(self.f.pad(x, (before, after, before, after)), bias=False, strides=strides))

    def bn(self, x: Any) -> Any:
        gamma, beta = self.next_of("batch_normalization", "gamma", "beta")
        return self.f.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-3)

    def dense(self, x: Any) -> Any:
        kernel, bias = self.next_of("dense", "kernel", "bias")
        return x @ kernel + bias

    def flat(self, x: Any) -> Any:
        return x.permute(0, 2, 3, 1).flatten(1)

    def mnist_cnn(self, x: Any) -> Any:
        x = self.conv(x, bias=True).relu()
        x = self.f.max_pool2d(self.conv(x, bias=True).relu(), 2)
        return self.dense(self.dense(self.flat(x)).relu())

    def bn_cnn(self, x: Any) -> Any:
        for _ in range(2):
            x = self.f.max_pool2d(self.bn(self.conv(x, bias=False)).relu(), 2)
        return self.dense(self.flat(x))

    def residual_cnn(self, x: Any) -> Any:
        x = self.same_conv_bn(x).relu()
        h = self.same_conv_bn(x).relu()
        x = (x + self.same_conv_bn(h)).relu()
        h = self.same_conv_bn(x, strides=2).relu()
        h = self.same_conv_bn(h)
        x = (self.same_conv_bn(x, size=1, strides=2) + h).relu()
        return self.dense(x.mean((2, 3)))


def ten_steps_of_torch(
    torch: Any, name: str, optimizer: str, weights: dict[str, Any]
) -> tuple[list[float], list[list[Any]]]:
    tensors = {path: torch.tensor(w, requires_grad=True) for path, w in weights.items()}
    nets, parameters = TorchNets(torch, tensors), list(tensors.values())
    sgd = optimizer == "sgd_momentum"
    chosen = torch.optim.SGD(parameters, 0.02, momentum=0.9) if sgd else torch.optim.Adam(parameters, 0.001)
    all_losses, all_gradients = [], []
    for step, (x, y) in enumerate(batches(), 1):
        if not sgd:
            chosen.param_groups[0]["eps"] = 1e-7 / np.sqrt(1 - 0.999**step)  # Keras adds epsilon before the correction
        chosen.zero_grad()
        loss = torch.nn.functional.cross_entropy(nets(name, torch.tensor(x)), torch.tensor(y).long())
        loss.backward()
        all_losses.append(loss.item())
        all_gradients.append([p.grad.numpy().copy() for p in parameters])
        chosen.step()
    return all_losses, all_gradients


@pytest.mark.parametrize(("name", "optimizer"), CASES)
def test_kernels_follow_pytorch(name: str, optimizer: str) -> None:
    torch = pytest.importorskip("torch")
    model = start_of(name)
    weights = {"/".join(v.path.split("/")[-2:]): v.numpy() for v in model.trainable_variables}  # layer/weight
    found = ten_steps(model, OPTIMIZERS[optimizer]())
    agree(list(weights), found, ten_steps_of_torch(torch, name, optimizer, weights))
