"""The whole training step is one program: its update and its counts are what Python would compute, bit by bit."""

import copy
import itertools
import pickle

import numpy as np
import pytest

from fastcnn import callbacks, constraints, layers, models, optimizers, utils
from fastcnn.optimizers import flat
from fastcnn.optimizers.kernel_optimizer import KernelOptimizer
from fastcnn.plan import stepping
from fastcnn.tensor import Variable

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 8, 8, 2)).astype("float32")
Y = RNG.integers(0, 3, 40)
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "adamax": lambda: optimizers.Adamax(0.01),
    "nadam": lambda: optimizers.Nadam(0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: optimizers.Adagrad(0.01),
    "adadelta": lambda: optimizers.Adadelta(0.5),
    "lion": lambda: optimizers.Lion(0.01),
    "clipvalue": lambda: optimizers.SGD(0.05, clipvalue=0.01),
    "clipnorm": lambda: optimizers.Adam(0.01, clipnorm=0.05),
    "global_clipnorm": lambda: optimizers.Adam(0.01, global_clipnorm=0.05, weight_decay=0.1),
    "multipliers": lambda: optimizers.SGD(0.05, learning_rate_multipliers={"net/conv": 0.1, "net/head/bias": 2.0}),
    "schedule": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
    "function": lambda: optimizers.SGD(lambda: 0.02),
    "average": lambda: optimizers.SGD(0.05, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2),
    "accumulation": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "ratios": lambda: optimizers.SGD(0.05, update_ratios=True),
}


class Halving(optimizers.Optimizer):
    """A rule of one's own."""

    def update_step(self, gradient, variable, learning_rate):
        self.assign_sub(variable, 0.5 * learning_rate * gradient.numpy())


class Quiet(optimizers.SGD):
    """Ours, with a method of the user's."""

    def apply(self, grads, trainable_variables=None):
        super().apply([g * 0.5 for g in grads], trainable_variables)


OPTIMIZERS |= {"own": lambda: Halving(0.05), "overridden": lambda: Quiet(0.05)}
IN_PYTHON = {"accumulation", "ratios", "own", "overridden"}


def network(**options):
    return models.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(5, 3, activation="relu", name="conv", **options),
            layers.BatchNormalization(name="norm"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(7, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="head"),
        ],
        name="net",
    )


def compiled(optimizer="sgd", eager=False, metrics=("accuracy",), **options):
    utils.set_random_seed(7)
    model = network(**options)
    made = optimizer if isinstance(optimizer, optimizers.Optimizer) else OPTIMIZERS[optimizer]()
    model.compile(made, "sparse_categorical_crossentropy", metrics=list(metrics), run_eagerly=eager)
    return model


def fit(model, **options):
    return model.fit(X, Y, batch_size=16, verbose=0, shuffle=False, **options).history


def step_of(model):
    return next(iter(stepping.plans_of(model).training.values()))


def same(a, b):
    for v, w in zip([*a.variables, *a.optimizer.variables], [*b.variables, *b.optimizer.variables], strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy(), err_msg=v.path)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_are_those_of_python(name, monkeypatch):
    model = compiled(name)
    history = fit(model, epochs=3)
    assert (step_of(model).update is None) == (name in IN_PYTHON)
    monkeypatch.setattr(KernelOptimizer, "may_record", lambda self, variables: False)
    python = compiled(name)
    assert fit(python, epochs=3) == history
    assert step_of(python).update is None
    same(model, python)
    assert model.optimizer.update_ratios == python.optimizer.update_ratios


@pytest.mark.parametrize("name", ["adam", "nadam", "average"])
def test_programs_update_as_eager_training_does(name):
    model, eager = compiled(name), compiled(name, eager=True)
    assert fit(model, epochs=2) == fit(eager, epochs=2)
    same(model, eager)


@pytest.mark.parametrize(
    ("name", "calls"), [("adam", 1), ("momentum", 1), ("multipliers", 3), ("global_clipnorm", 1), ("clipnorm", 8)]
)
def test_one_call_updates_all_that_share_their_numbers(name, calls):
    model = compiled(name)
    fit(model)
    assert step_of(model).update.calls == calls


def test_what_does_not_decay_is_updated_by_a_call_of_its_own():
    optimizer = optimizers.SGD(0.05, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma"])
    model = compiled(optimizer)
    fit(model)
    assert step_of(model).update.calls == 2


def test_weights_gradients_and_slots_lie_flat():
    model = compiled("global_clipnorm")  # wants all gradients together
    before = model.get_weights()
    model.train_on_batch(X[:16], Y[:16])
    step = step_of(model)
    assert len(step.gradients) == len(model.trainable_variables)
    slots = model.optimizer._slots
    for arrays in (
        [v.array for v in model.trainable_variables],
        [g.array for g in step.gradients],
        [s["velocity"].array for s in slots],
    ):
        assert all(flat.address(a) % 64 == 0 for a in arrays)
        assert all(flat.joined(a, b) for a, b in itertools.pairwise(arrays))
    whole = flat.span(model.trainable_variables[0].array, model.trainable_variables[-1].array)
    assert whole.size > sum(v.size for v in model.trainable_variables)
    assert [w.shape for w in before] == [v.shape for v in model.variables[: len(before)]]


def test_padding_is_zero_and_values_stay():
    values = [RNG.normal(size=n).astype("float32") for n in (3, 16, 1)]
    variables = [Variable(v) for v in values]
    assert flat.lay_flat(variables)
    whole = flat.span(variables[0].array, variables[2].array)
    np.testing.assert_array_equal(whole, np.concatenate([values[0], np.zeros(13), values[1], values[2]]))


# ---- numbers that are read when the program runs


def test_a_schedule_acts_in_each_step():
    rates = optimizers.schedules.PiecewiseConstantDecay([0, 1, 2], [0.5, 0.0, 0.25, 0.0])
    model = compiled(optimizers.SGD(rates))
    moved = []
    for _ in range(5):
        before = model.get_weights()[0]
        model.train_on_batch(X[:16], Y[:16])
        moved.append(bool((model.get_weights()[0] != before).any()))
    assert moved == [True, False, True, False, False]


def test_the_learning_rate_that_was_set_acts_in_the_next_step():
    model = compiled("momentum")
    model.train_on_batch(X[:16], Y[:16])
    step = step_of(model)
    model.optimizer.momentum = 0.0
    model.optimizer.learning_rate = 0.0
    before = model.get_weights()[0]
    model.train_on_batch(X[:16], Y[:16])
    np.testing.assert_array_equal(model.get_weights()[0], before)
    model.optimizer.learning_rate = 0.5
    model.train_on_batch(X[:16], Y[:16])
    assert (model.get_weights()[0] != before).any()
    assert step_of(model) is step and step.update is not None


def test_reduced_rates_on_a_plateau_act_in_the_next_step():
    def trained(eager):
        model = compiled("sgd", eager)
        reduce = callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=1, min_delta=10.0, min_lr=0)
        history = fit(model, epochs=5, callbacks=[reduce])
        return model, history

    (model, history), (eager, expected) = trained(False), trained(True)
    assert history == expected and history["learning_rate"][-1] < history["learning_rate"][0]
    same(model, eager)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("adam", "beta_1", 0.5),
        ("adam", "weight_decay", 0.3),
        ("adam", "clipnorm", 0.01),
        ("global_clipnorm", "global_clipnorm", 0.01),
        ("momentum", "nesterov", False),
        ("adam", "learning_rate_multipliers", {"net/head": 0.0}),
    ],
)
def test_other_numbers_act_in_the_next_step_too(name, attribute, value):
    def trained(eager):
        model = compiled(name, eager)
        fit(model)
        setattr(model.optimizer, attribute, value)
        fit(model)
        return model

    model = trained(False)
    assert step_of(model).update is not None
    same(model, trained(True))


def test_an_optimizer_that_begins_to_note_ratios_goes_on_in_python():
    model = compiled("adam")
    fit(model)
    model.optimizer.update_ratios = {}
    fit(model)
    assert step_of(model).update is None
    assert set(model.optimizer.update_ratios) == {v.path for v in model.trainable_variables}


def test_another_optimizer_takes_over():
    def trained(eager):
        model = compiled("adam", eager)
        fit(model)
        model.optimizer = optimizers.SGD(0.1)
        model.optimizer.build(model.trainable_variables)
        fit(model)
        return model

    same(trained(False), trained(True))


def test_a_rate_that_is_no_number_is_refused_by_the_program_as_by_the_kernel():
    model = compiled("sgd")
    model.train_on_batch(X[:16], Y[:16])
    model.optimizer.learning_rate.assign(np.nan)
    with pytest.raises(ValueError, match="learning_rate must be finite"):
        model.train_on_batch(X[:16], Y[:16])


def test_a_number_that_is_refused_is_refused_again_and_changes_nothing():
    model = compiled("adam")
    model.train_on_batch(X[:16], Y[:16])
    weights = [v.numpy() for v in model.trainable_variables]
    model.optimizer.clipvalue = -1.0
    for _ in range(2):
        with pytest.raises(ValueError, match="clipvalue must be None or positive"):
            model.train_on_batch(X[:16], Y[:16])
    for v, w in zip(model.trainable_variables, weights, strict=True):
        np.testing.assert_array_equal(v.numpy(), w)
    model.optimizer.clipvalue = None
    model.train_on_batch(X[:16], Y[:16])
    assert step_of(model).update.calls == 1


# ---- memory that models share


def shared():
    utils.set_random_seed(9)
    trunk = models.Sequential([layers.Input((8, 8, 2)), layers.Conv2D(5, 3, name="trunk"), layers.Flatten()])
    heads = [models.Sequential([trunk, layers.Dense(3, activation="softmax", name=f"head{i}")]) for i in range(2)]
    return trunk, heads


def alternately(eager):
    trunk, heads = shared()
    for head in heads:
        head.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eager)
    outputs = []
    for _ in range(3):
        for head in heads:
            head.train_on_batch(X[:16], Y[:16])
            outputs.append(trunk.predict(X[:4], verbose=0))
    return heads, outputs


def test_models_that_share_layers_are_trained_by_turns():
    (heads, outputs), (expected, eager) = alternately(False), alternately(True)
    for a, b in zip(heads, expected, strict=True):
        same(a, b)
    np.testing.assert_allclose(outputs, eager, rtol=1e-5, atol=1e-6)
    steps = [step_of(head) for head in heads]
    for head in heads:
        head.train_on_batch(X[:16], Y[:16])
    assert [step_of(head) for head in heads] == steps  # variables have moved once


def test_programs_recorded_before_the_first_step_see_what_it_changes():
    trunk, (head, _) = shared()
    before = trunk.predict(X[:4], verbose=0), head.predict(X[:4], verbose=0)
    head.compile("sgd", "sparse_categorical_crossentropy")
    head.fit(X, Y, verbose=0)
    for model, old in zip((trunk, head), before, strict=True):
        new = model.predict(X[:4], verbose=0)
        assert (new != old).any()
        np.testing.assert_allclose(new, model(X[:4], training=False).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*the state of the optimizer was not loaded")
def test_weights_that_are_set_and_loaded_are_those_that_train(tmp_path):
    model, other = compiled("adam"), compiled("adam", eager=True)
    start = model.get_weights()
    model.save_weights(tmp_path / "start.weights.h5")
    fit(model)
    for put in (lambda m: m.set_weights(start), lambda m: m.load_weights(tmp_path / "start.weights.h5")):
        put(model)
        model.compile(OPTIMIZERS["adam"](), "sparse_categorical_crossentropy", metrics=["accuracy"])
        put(other)
        other.compile(OPTIMIZERS["adam"](), "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
        assert fit(model) == fit(other)
        same(model, other)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_have_memory_of_their_own_and_go_on_alike(copied):
    model = compiled("adam")
    fit(model)
    other = copied(model)
    weights = model.get_weights()
    fit(other)
    for a, b in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    fit(model)
    same(model, other)
    assert step_of(other).update.calls == 1


def test_saved_state_goes_on_alike(tmp_path):
    model = compiled("nadam")
    fit(model)
    model.save(tmp_path / "model.keras")
    other = models.load_model(tmp_path / "model.keras")
    assert fit(model) == fit(other)
    same(model, other)


@pytest.mark.parametrize("name", ["adam", "global_clipnorm"])
def test_freezing_and_thawing(name):
    def trained(eager):
        model = compiled(name, eager)
        model.layers[0].trainable = False
        fit(model)
        model.layers[0].trainable = True
        fit(model)
        model.layers[2 + 1].trainable = False
        fit(model)
        return model

    model, eager = trained(False), trained(True)
    same(model, eager)
    assert step_of(model).update.calls > 1  # what was frozen at first lies in a buffer of its own


def test_layers_that_are_added_later_train():
    def trained(eager):
        model = compiled("adam", eager)
        fit(model)
        model.add(layers.Dense(3, activation="softmax"))
        model.compile(OPTIMIZERS["adam"](), "sparse_categorical_crossentropy", run_eagerly=eager)
        fit(model)
        return model

    same(trained(False), trained(True))


@pytest.mark.parametrize("name", ["sgd", "average"])
def test_constraints_come_after_the_programs_update(name):
    options = {"kernel_constraint": constraints.MaxNorm(0.5, axis=[0, 1, 2])}
    model, eager = compiled(name, **options), compiled(name, eager=True, **options)
    fit(model)
    fit(eager)
    same(model, eager)
    assert step_of(model).update is not None
    assert name == "average" or np.linalg.norm(model.get_weights()[0].reshape(-1, 5), axis=0).max() <= 0.5 + 1e-6


def test_variables_without_gradients_warn_once_and_stay():
    class Idle(layers.Layer):
        def build(self, shape):
            self.idle = self.add_weight(shape=(3,), name="idle", initializer="ones")

        def call(self, x):
            return x

    stack = [layers.Input((8, 8, 2)), layers.Conv2D(2, 3), Idle(), layers.Flatten(), layers.Dense(3)]
    model = models.Sequential([*stack, layers.Softmax()])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        model.train_on_batch(X[:16], Y[:16])
    model.train_on_batch(X[:16], Y[:16])
    assert step_of(model).update.calls == 2  # not across the one between
    np.testing.assert_array_equal(model.layers[1].idle.numpy(), 1)
