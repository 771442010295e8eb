"""Optimizers' variables, stores, copies, configs and names."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from optimizer_rules import CLASSES, gradients, trained, variables

from fastcnn import optimizers
from fastcnn.naming import forget_names
from fastcnn.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, Optimizer, RMSprop, schedules
from fastcnn.tensor import Variable


@pytest.mark.parametrize(
    ("optimizer", "names"),
    [
        (SGD(), []),
        (SGD(momentum=0.5), ["kernel_momentum", "bias_momentum"]),
        (Adagrad(), ["kernel_accumulator", "bias_accumulator"]),
        (
            RMSprop(momentum=0.5, centered=True),
            [f"{w}_{s}" for s in ("velocity", "momentum", "average_gradient") for w in ("kernel", "bias")],
        ),
        (Adadelta(), [f"{w}_{s}" for w in ("kernel", "bias") for s in ("accumulated_grad", "accumulated_delta_var")]),
        (
            Adam(amsgrad=True),
            [
                *[f"{w}_{s}" for w in ("kernel", "bias") for s in ("momentum", "velocity")],
                *["kernel_velocity_hat", "bias_velocity_hat"],
            ],
        ),
        (Adamax(), [f"{w}_{s}" for w in ("kernel", "bias") for s in ("momentum", "norm")]),
        (Lion(), ["kernel_momentum", "bias_momentum"]),
        (
            Lion(use_ema=True, gradient_accumulation_steps=2),
            [f"{w}_{s}" for s in ("average", "gradient_accumulator", "momentum") for w in ("kernel", "bias")],
        ),
    ],
    ids=lambda o: o.name if isinstance(o, Optimizer) else "",
)
def test_variables_are_keras_s(optimizer: Optimizer, names: list[str]) -> None:
    optimizer.build(variables())
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", *[f"dense_{n}" for n in names]]
    assert all(v.path == f"{optimizer.name}/{v.name}" and not v.trainable for v in optimizer.variables)


def test_nadam_keeps_the_product_last() -> None:
    optimizer = Nadam()
    trained(optimizer, 3)
    assert optimizer.variables[-1].name == "u_product"
    product = np.prod([0.9 * (1 - 0.5 * 0.96**t) for t in (1, 2, 3)])
    assert float(optimizer.variables[-1]) == pytest.approx(product, rel=1e-6)


@pytest.mark.parametrize("cls", CLASSES)
def test_state_goes_through_a_store(cls: Any) -> None:
    options = {
        "use_ema": True,
        "gradient_accumulation_steps": 2,
        **({"momentum": 0.9} if cls in (SGD, RMSprop) else {}),
    }
    steps = gradients(10)
    weights, optimizer = variables(), cls(**options)
    for g in steps[:5]:
        optimizer.apply(g, weights)
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    assert list(store) == [str(i) for i in range(len(optimizer.variables))]
    restored, again = variables(), cls(**options)
    for w, old in zip(restored, weights, strict=True):
        w.assign(old.numpy())
    again.build(restored)
    again.load_own_variables(store)
    for g in steps[5:]:
        optimizer.apply(g, weights)
        again.apply(g, restored)
    for a, b in zip([*weights, *optimizer.variables], [*restored, *again.variables], strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_store_of_another_size_is_not_read() -> None:
    optimizer = Adam(name="adam")
    with pytest.warns(
        UserWarning, match="'adam', because it has 2 variables whereas the saved optimizer has 3.*not been built"
    ):
        optimizer.load_own_variables({"0": 1, "1": 0.5, "2": 0.0})
    assert int(optimizer.iterations) == 0


def test_set_weights() -> None:
    optimizer = SGD(momentum=0.5)
    with pytest.raises(ValueError, match="needs an optimizer that is built"):
        optimizer.set_weights([])
    optimizer.build([Variable([0.0], name="w")])
    optimizer.set_weights([7, 0.5, [3.0]])
    assert [v.numpy().tolist() for v in optimizer.variables] == [7, 0.5, [3.0]]
    with pytest.raises(ValueError, match="weights must be as many as the optimizer's variables, 3, got 1"):
        optimizer.set_weights([7])


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda both: pickle.loads(pickle.dumps(both))], ids=["copy", "pickle"]
)
def test_copies_go_on_alike(copied: Any) -> None:
    optimizer, weights = Adam(), variables()
    steps = gradients(4)
    optimizer.apply(steps[0], weights)
    again, others = copied((optimizer, weights))
    for g in steps[1:]:
        optimizer.apply(g, weights)
        again.apply(g, others)
    np.testing.assert_array_equal(weights[0].numpy(), others[0].numpy())
    assert others[0] is not weights[0]


@pytest.mark.parametrize("cls", CLASSES)
def test_config_round_trip(cls: Any) -> None:
    optimizer = cls(
        learning_rate=schedules.ExponentialDecay(0.1, 3, 0.5), clipnorm=2.0, use_ema=True, ema_momentum=0.5, name="mine"
    )
    config = optimizers.serialize(optimizer)
    assert (config["module"], config["class_name"]) == ("keras.optimizers", cls.__name__)
    assert config["config"]["learning_rate"]["class_name"] == "ExponentialDecay"
    again = optimizers.deserialize(config)
    assert type(again) is cls
    assert again.get_config() == optimizer.get_config()
    for a, b in zip(trained(optimizer), trained(again), strict=True):
        np.testing.assert_array_equal(a, b)


def test_config_of_keras_2() -> None:
    config = {
        "name": "Adam",
        "learning_rate": 0.5,
        "decay": 0.0,
        "beta_1": 0.8,
        "jit_compile": True,
        "is_legacy_optimizer": False,
    }
    assert optimizers.deserialize({"class_name": "Adam", "config": config}).beta_1 == 0.8
    with pytest.raises(ValueError, match="unknown argument 'decay'. Write a schedule"):
        Adam.from_config({**config, "decay": 0.1})


def test_config_of_a_function_needs_its_name() -> None:
    def rate() -> float:
        return 0.5

    config = optimizers.serialize(SGD(rate))
    again = optimizers.deserialize(config, {"rate": rate})
    assert again.learning_rate == 0.5


@pytest.mark.parametrize("cls", CLASSES)
def test_names(cls: Any) -> None:
    for name in (cls.__name__, cls.__name__.lower(), cls.__name__.upper()):
        assert type(optimizers.get(name)) is cls


def test_automatic_names_count_as_those_of_layers() -> None:
    forget_names()
    names = [cls().name for cls in (SGD, SGD, optimizers.AdamW, optimizers.RMSprop)]
    assert names == ["sgd", "sgd_1", "adam_w", "rm_sprop"]  # Keras's
    optimizer = SGD()
    optimizer.build([Variable([1.0], name="w")])
    assert SGD.from_config(optimizer.get_config()).name == optimizer.name == "sgd_2"
    assert optimizer.variables[0].path == "sgd_2/iteration"


def test_get() -> None:
    optimizer = SGD()
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(None) is None
    assert (optimizers.get("momentum").momentum, optimizers.deserialize("momentum").momentum) == (0.9, 0.9)
    assert optimizers.get({"class_name": "sgd", "config": {"momentum": 0.5}}).momentum == 0.5
    with pytest.raises(ValueError, match="there is no optimizer 'adm'. Did you mean 'adam'"):
        optimizers.get("adm")
    with pytest.raises(ValueError, match="optimizer must be a name, a config or an Optimizer"):
        optimizers.get(lambda: 3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lr": 0.1}, ValueError, "Adam got an unknown argument 'lr'. Write learning_rate"),
        ({"decay": 0.1}, ValueError, "unknown argument 'decay'. Write a schedule"),
        ({"beta1": 0.1}, ValueError, "unknown argument 'beta1'. Did you mean 'beta_1'"),
        ({"learning_rate": "0.1"}, ValueError, "learning_rate must be a finite number.*got '0.1'"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate must be a finite number.*got nan"),
        ({"learning_rate": None}, ValueError, "learning_rate must be a finite number.*got None"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, ValueError, "only one of clipnorm, clipvalue and global_clipnorm"),
        ({"clipnorm": 0.0}, ValueError, "clipnorm must be None or positive, got 0.0"),
        ({"clipvalue": -1.0}, ValueError, "clipvalue must be None or positive, got -1.0"),
        ({"use_ema": True, "ema_momentum": 1.5}, ValueError, r"ema_momentum must be in \[0, 1\], got 1.5"),
        (
            {"use_ema": True, "ema_overwrite_frequency": 0},
            ValueError,
            "ema_overwrite_frequency must be None or an integer >= 1",
        ),
        (
            {"loss_scale_factor": 2.0},
            NotImplementedError,
            "loss_scale_factor is not supported and must be None, got 2.0",
        ),
        (
            {"gradient_accumulation_steps": 1},
            ValueError,
            "gradient_accumulation_steps must be None or an integer >= 2, got 1",
        ),
    ],
)
def test_refused_arguments(arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Adam(**arguments)


def test_refused_numbers_of_rules() -> None:
    with pytest.raises(ValueError, match=r"momentum must be a number in \[0, 1\], got 1.5"):
        SGD(momentum=1.5)
    with pytest.raises(ValueError, match="weight_decay must be a number, got None; Adam is AdamW without decay"):
        AdamW(weight_decay=None)
    with pytest.raises(ValueError, match="beta_1 must be above 0 and below 1, got 0"):
        Lion(beta_1=0)
