"""Optimizers against Keras's formulas in float64, and what is around a rule: decay, clipping, averages, own rules."""

import warnings
from typing import Any

import numpy as np
import pytest
from optimizer_rules import CLASSES, RULES, START, formula, gradients, trained, variables

from fastcnn import seam
from fastcnn.optimizers import SGD, Adam, Nadam, Optimizer, schedules
from fastcnn.tensor import Tensor, Variable


@pytest.mark.parametrize("name", RULES)
def test_hundred_steps_follow_the_formula(name: str) -> None:
    make, rule = RULES[name]
    for found, expected in zip(trained(make(), 100, "float64"), formula(rule, 100), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", RULES)
def test_kernels_follow_in_single_precision(name: str) -> None:
    make, rule = RULES[name]
    for found, expected in zip(trained(make(), 100), formula(rule, 100), strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cls", CLASSES)
def test_precise_mode_runs_the_references(cls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam.state, "precise", True)
    weights = [Variable(w) for w in START]
    optimizer = cls(global_clipnorm=1.0, use_ema=True, update_ratios=True)
    optimizer.apply([np.ones(w.shape) for w in START], weights)
    assert {v.dtype for v in optimizer.variables} == {"int64", "float64"}
    assert abs(weights[0].numpy() - START[0]).max() > 0


def test_l2_in_the_loss_is_twice_the_decay() -> None:
    # Keras's L2(l) adds 2 l w to the gradient: plain SGD then does what decoupled decay of 2 l does.
    with_l2, with_decay = variables(), variables()
    one, other = SGD(0.1), SGD(0.1, weight_decay=2 * 0.01)
    for g in gradients(50):
        one.apply([d + 2 * 0.01 * w.numpy() for d, w in zip(g, with_l2, strict=True)], with_l2)
        other.apply(g, with_decay)
    for a, b in zip(with_l2, with_decay, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6, atol=1e-6)


def test_update_ratio_is_the_ratio_of_norms() -> None:
    optimizer, weights = SGD(0.1, update_ratios=True), variables()
    before = [w.numpy() for w in weights]
    optimizer.apply(gradients(1)[0], weights)
    for w, old in zip(weights, before, strict=True):
        expected = np.linalg.norm(w.numpy() - old) / np.linalg.norm(old)
        assert optimizer.update_ratios[w.path] == pytest.approx(expected, rel=1e-6)
    assert SGD().update_ratios is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_update_ratio_of_zeros(dtype: str) -> None:
    optimizer, w = SGD(update_ratios=True), Variable([0.0, 0.0], dtype=dtype, name="w")
    optimizer.apply([[1.0, 0.0]], [w])
    assert optimizer.update_ratios == {"w": float("inf")}


# Clipping


def test_clipnorm_clips_each_gradient() -> None:
    w = [Variable(np.zeros(2), name="a"), Variable(np.zeros(1), name="b")]
    SGD(1.0, clipnorm=2.5).apply([[3.0, 4.0], [0.5]], w)
    assert [v.numpy().tolist() for v in w] == [[-1.5, -2.0], [-0.5]]


def test_global_clipnorm_clips_all_by_one_factor() -> None:
    w = [Variable(np.zeros(1), name="a"), Variable(np.zeros(2), name="b")]
    SGD(1.0, global_clipnorm=2.5).apply([[3.0], [0.0, 4.0]], w)
    assert [v.numpy().tolist() for v in w] == [[-1.5], [0.0, -2.0]]


def test_clipvalue_clips_elements() -> None:
    w = Variable(np.zeros(3), name="w")
    SGD(1.0, clipvalue=0.5).apply([[3.0, -4.0, 0.25]], [w])
    assert w.numpy().tolist() == [-0.5, 0.5, -0.25]


def test_decay_comes_before_the_update_and_is_not_clipped() -> None:
    w = Variable([100.0], name="w")
    SGD(0.5, weight_decay=1.0, clipvalue=1.0).apply([[10.0]], [w])
    assert w.numpy()[0] == 100 - 50 - 0.5


def test_some_variables_do_not_decay() -> None:
    weights = [Variable([1.0], name=name) for name in ("kernel", "bias", "gamma")]
    optimizer = SGD(0.5, weight_decay=1.0)
    optimizer.exclude_from_weight_decay([weights[2]], ["bias"])
    optimizer.apply([[0.0]] * 3, weights)
    assert [w.numpy()[0] for w in weights] == [0.5, 1.0, 1.0]
    with pytest.raises(ValueError, match="before the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])


# The learning rate


def test_learning_rate_is_a_variable_that_can_be_set() -> None:
    optimizer = Adam()
    assert isinstance(optimizer.learning_rate, Variable)
    assert (float(optimizer.learning_rate), float(optimizer.learning_rate.numpy())) == (0.001, 0.001)
    optimizer.learning_rate = 0.5
    assert optimizer.get_config()["learning_rate"] == 0.5
    optimizer.learning_rate.assign(0.25)
    assert float(optimizer.learning_rate) == 0.25
    with pytest.raises(ValueError, match="learning_rate must be a finite number.*got 'fast'"):
        optimizer.learning_rate = "fast"


def test_schedule_counts_steps_from_zero() -> None:
    optimizer, w = SGD(schedules.PiecewiseConstantDecay([0], [1.0, 10.0])), Variable([0.0], name="w")
    assert optimizer.learning_rate == 1.0
    optimizer.apply([[1.0]], [w])
    assert optimizer.learning_rate == 10.0
    optimizer.apply([[1.0]], [w])
    assert w.numpy()[0] == -11
    assert [v.name for v in optimizer.variables] == ["iteration"]
    with pytest.raises(TypeError, match="comes from PiecewiseConstantDecay.* cannot be set to a number"):
        optimizer.learning_rate = 0.1


def test_learning_rate_from_a_function() -> None:
    rate, w = [1.0], Variable([0.0], name="w")
    optimizer = SGD(lambda: rate[0])
    optimizer.apply([[1.0]], [w])
    rate[0] = 10.0
    optimizer.apply([[1.0]], [w])
    assert w.numpy()[0] == -11


def test_multipliers_by_path() -> None:
    weights = [Variable([0.0], name="w") for _ in range(4)]
    for w, path in zip(weights, ("conv1/kernel", "conv1/bias", "conv10/bias", "dense/bias"), strict=True):
        w.path = path
    optimizer = SGD(1.0, learning_rate_multipliers={"conv1": 0.5, "conv1/bias": 2.0, "dense": 0.0})
    optimizer.apply([[1.0]] * 4, weights)
    assert [w.numpy()[0] for w in weights] == [-0.5, -2.0, -1.0, 0.0]
    assert SGD.from_config(optimizer.get_config()).learning_rate_multipliers == optimizer.learning_rate_multipliers


# Averages and accumulation


def test_moving_average_starts_as_the_first_weights_and_takes_over() -> None:
    optimizer, w = SGD(1.0, use_ema=True, ema_momentum=0.75), Variable([0.0], name="w")
    optimizer.apply([[-1.0]], [w])
    optimizer.apply([[-4.0]], [w])
    assert w.numpy()[0] == 5
    optimizer.finalize_variable_values([w])
    assert w.numpy()[0] == 0.75 * 1 + 0.25 * 5
    with pytest.raises(ValueError, match="other: the optimizer was not built for this variable"):
        optimizer.finalize_variable_values([Variable([0.0], name="other")])


def test_moving_average_overwrites_every_so_often() -> None:
    optimizer, w = SGD(1.0, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2), Variable([0.0], name="w")
    seen = []
    for _ in range(4):
        optimizer.apply([[-1.0]], [w])
        seen.append(float(w.numpy()[0]))
    assert seen == [1.0, 1.5, 2.5, 2.75]  # averages 1, 1.5, 2, 2.75


def test_accumulation_applies_the_mean() -> None:
    steps = gradients(12)
    one, other = variables(), variables()
    accumulating, plain = Adam(gradient_accumulation_steps=3, clipnorm=1.0), Adam(clipnorm=1.0)
    for i, g in enumerate(steps):
        before = one[0].numpy()
        accumulating.apply(g, one)
        assert (one[0].numpy() == before).all() == (i % 3 != 2)
        if i % 3 == 2:
            plain.apply([sum(steps[j][k] for j in range(i - 2, i + 1)) / 3 for k in range(2)], other)
    assert (int(accumulating.iterations), int(accumulating._iterations), int(plain.iterations)) == (4, 12, 4)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


# What apply takes


def test_missing_gradients_warn_once() -> None:
    optimizer, weights = SGD(1.0), variables()
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['dense/bias'\]"):
        optimizer.apply([np.ones((2, 3)), None], weights)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.apply([np.ones((2, 3)), None], weights)
    np.testing.assert_array_equal(weights[1].numpy(), START[1].astype(np.float32))
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply([None, None], weights)


def test_apply_takes_pairs_tensors_and_nothing() -> None:
    optimizer, w = SGD(1.0), Variable([1.0], name="w")
    count = optimizer.apply_gradients(zip([Tensor(np.ones(1, np.float32))], [w], strict=True))
    assert (w.numpy()[0], int(count), w.version) == (0.0, 1, 1)
    optimizer.apply([[1.0]])
    assert w.numpy()[0] == -1
    optimizer.apply([])
    assert int(optimizer.iterations) == 2
    with pytest.raises(ValueError, match="grads_and_vars is empty"):
        optimizer.apply_gradients([])
    with pytest.raises(ValueError, match=r"w: expected a gradient of shape \(1,\), got \(2,\)"):
        optimizer.apply([[1.0, 2.0]], [w])
    with pytest.raises(ValueError, match="grads must be as many as the variables, 1, got 2"):
        optimizer.apply([[1.0], [2.0]])
    with pytest.raises(ValueError, match=r"Unknown variable: \['new'\].* call build\(\) with all of them"):
        optimizer.apply([[1.0]], [Variable([1.0], name="new")])
    with pytest.raises(ValueError, match="needs an optimizer that is built"):
        SGD().apply([[1.0]])
    with pytest.raises(TypeError, match="count: an optimizer changes variables of floats, got int64"):
        SGD().build([Variable([1], dtype="int64", name="count")])


def test_constraints_come_after_the_update() -> None:
    w = Variable([1.0, -1.0], name="w", constraint=lambda v: np.maximum(v.numpy(), 0))
    SGD(2.0).apply([[1.0, -1.0]], [w])
    assert w.numpy().tolist() == [0.0, 1.0]


def test_variables_that_come_later() -> None:
    weights = variables()
    optimizer = Adam()
    optimizer.apply([np.ones(3)], [weights[1]])
    kept = optimizer.variables[2:]
    optimizer.build(weights)
    assert [v.name for v in optimizer.variables[2:4]] == ["dense_kernel_momentum", "dense_kernel_velocity"]
    assert all(a is b for a, b in zip(optimizer.variables[4:], kept, strict=True))
    optimizer.apply(gradients(1)[0], weights)
    optimizer.build(weights[:1])  # fewer is no change
    assert len(optimizer.variables) == 6


# Rules of one's own, as Keras's guide writes them


class Momentum(Optimizer):
    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Any, variable: Variable, learning_rate: float) -> None:
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, 0.9 * m.numpy() - learning_rate * gradient.numpy())
        self.assign_add(variable, m)


@pytest.mark.parametrize(
    "options", [{}, {"clipvalue": 0.5, "weight_decay": 0.1}, {"clipnorm": 1.0, "update_ratios": True}]
)
def test_a_rule_of_ones_own(options: dict[str, Any]) -> None:
    own, ours = Momentum(0.01, **options), SGD(0.01, momentum=0.9, **options)
    for a, b in zip(trained(own), trained(ours), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    assert [v.name for v in own.variables] == [v.name for v in ours.variables]
    if own.update_ratios is not None:
        assert own.update_ratios == pytest.approx(ours.update_ratios, rel=1e-5)


def test_a_rule_made_from_another() -> None:
    class Halved(SGD):
        def update_step(self, gradient: Any, variable: Variable, learning_rate: float) -> None:
            super().update_step(gradient.numpy() / 2, variable, learning_rate)

    w = Variable([1.0], name="w")
    Halved(1.0, clipvalue=1.0).apply([[8.0]], [w])
    assert w.numpy()[0] == 0.5


def test_state_of_a_rule_of_ones_own() -> None:
    optimizer = Momentum(0.1)
    ones = optimizer.add_variable((2,), "ones", name="ones")
    assert (ones.numpy().tolist(), ones.path) == ([1.0, 1.0], f"{optimizer.name}/ones")
    assert optimizer.add_variable((2,), lambda shape, dtype: np.full(shape, 3.0, dtype)).numpy().tolist() == [3.0, 3.0]
    pairs = optimizer.add_optimizer_variables(variables(), ["a", "b"])
    assert [[v.name for v in column] for column in pairs] == [
        ["dense_kernel_a", "dense_bias_a"],
        ["dense_kernel_b", "dense_bias_b"],
    ]
    with pytest.raises(ValueError, match="initializer must be one, or as many as the names, 2, got 1"):
        optimizer.add_optimizer_variables([], ["a", "b"], ["zeros"])
    with pytest.raises(ValueError, match="initializer must be 'zeros', 'ones', an array or a function, got 'twos'"):
        optimizer.add_variable((2,), "twos")
    with pytest.raises(NotImplementedError, match="Optimizer must override update_step"):
        Optimizer(0.1).apply([[1.0]], [Variable([1.0], name="w")])


# Keras itself, where it is installed


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_accumulation_steps": 3, "clipnorm": 0.5, "weight_decay": 0.01},
        {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 4, "global_clipnorm": 1.0},
        {"use_ema": True, "ema_overwrite_frequency": 2, "gradient_accumulation_steps": 3, "clipvalue": 0.5},
    ],
    ids=["plain", "accumulation", "average", "both"],
)
def test_against_keras(cls: Any, options: dict[str, Any]) -> None:
    keras = pytest.importorskip("keras")
    theirs = getattr(keras.optimizers, cls.__name__)(**options)
    weights = [
        keras.Variable(w.astype(np.float32), name=n) for w, n in zip(START, ("dense_kernel", "dense_bias"), strict=True)
    ]
    ours, own = cls(**options), variables()
    for g in gradients(12):
        theirs.apply([d.astype(np.float32) for d in g], weights)
        ours.apply(g, own)
    assert list(theirs.get_config()) == list(ours.get_config())
    pairs = [*zip(weights, own, strict=True), *zip(theirs.variables, ours.variables, strict=True)]
    for a, b in pairs:
        np.testing.assert_allclose(b.numpy(), np.asarray(a.numpy()), rtol=2e-6, atol=2e-6)
    names = [v.name for v in theirs.variables]
    if cls is Nadam:
        names[-1] = "u_product"  # which Keras does not name
    assert [v.name for v in ours.variables] == names


def test_the_old_name_of_the_learning_rate():
    optimizer = Adam()
    with pytest.raises(AttributeError, match=r"Adam has no lr; write optimizer.learning_rate = 0.1"):
        optimizer.lr = 0.1
    with pytest.raises(AttributeError, match="Adam has no lr; write learning_rate"):
        print(optimizer.lr)
    assert not hasattr(optimizer, "lr")


def test_gradients_without_their_variables():
    weights = Variable([1.0, 2.0])
    with pytest.raises(TypeError, match="grads_and_vars must be pairs of a gradient and its variable, zip"):
        SGD().apply_gradients([np.ones(2, np.float32)])
    SGD(1.0).apply_gradients(zip([np.ones(2, np.float32)], [weights], strict=True))
    assert weights.numpy().tolist() == [0.0, 1.0]
