"""Which programs a model has: when one is made, shared, forgotten, or none can be; and what it says of them."""

import json
import threading

import numpy as np
import pytest
from program_models import data, fitted, normalised, only, plain, residual

from fastcnn import SymbolicTensor, layers, losses, models, ops, optimizers, utils
from fastcnn.plan import stepping
from fastcnn.plan.capture import NotCapturable, capture


def test_batches_of_all_sizes_share_one_arena():
    model, _ = fitted(residual, False)
    x, y = data(11)
    weights = model.get_weights()
    model.train_on_batch(x, y)
    first, second = [step.program for step in stepping.plans_of(model).training.values()]
    assert first.arena is second.arena and second.arena_bytes < first.arena_bytes
    programmed = model.get_weights()
    model.set_weights(weights)
    assert any(np.abs(a - b).max() > 0 for a, b in zip(programmed, weights, strict=True))


def test_results_share_memory():
    model, _ = fitted(residual, False)
    program = only(stepping.plans_of(model).training).program
    assert program.arena_bytes < 0.8 * program.unshared_bytes


def test_folded_weights_follow_the_weights():
    model, _ = fitted(normalised, False)
    x, y = data(6)
    before = model.predict(x, verbose=0)
    model.set_weights([w * 0.5 for w in model.get_weights()])
    after = model.predict(x, verbose=0)
    assert np.abs(before - after).max() > 1e-4
    np.testing.assert_allclose(after, model(x, training=False).numpy(), rtol=1e-5, atol=1e-6)
    model.train_on_batch(x, y)
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x, training=False).numpy(), rtol=1e-5, atol=1e-6)


def test_freezing_makes_a_new_program():
    model, _ = fitted(normalised, False)
    x, y = data(16)
    model.layers[1].trainable = False
    frozen = model.layers[1].get_weights()
    rest = model.layers[-1].get_weights()
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], frozen[0])
    assert np.abs(model.layers[-1].get_weights()[0] - rest[0]).max() > 0


def test_dropout_differs_from_step_to_step_and_not_from_eager():
    first, _ = fitted(plain, False, epochs=3)
    second, _ = fitted(plain, True, epochs=3)
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])
    seeds = [v.numpy()[1] for v in first.variables if v.dtype == "int64"]
    assert seeds == [v.numpy()[1] for v in second.variables if v.dtype == "int64"] == [6]


class Peeks(models.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(5, activation="softmax")

    def call(self, x):
        x = ops.reshape(x, (x.shape[0], -1))
        return self.head(x * 2 if float(ops.sum(x)) > 0 else x)


class Numpy(Peeks):
    def call(self, x):
        x = ops.reshape(x, (x.shape[0], -1))
        return self.head(x + ops.convert_to_tensor(np.sin(x.numpy())))


@pytest.mark.parametrize("kind", [Peeks, Numpy])
def test_what_looks_at_numbers_runs_eagerly_and_says_why(kind):
    model = kind()
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = data(8)
    model.fit(x, y, verbose=0)
    assert model.predict(x, verbose=0).shape == (8, 5)
    text = model.explain_plan()
    assert "runs eagerly" in text and "test_programs_kept.py" in text
    assert "looks at the numbers of a tensor" in text


def test_a_loss_that_does_not_depend_on_the_batch_is_no_program():
    model = models.Sequential([layers.Input((3,)), layers.Dense(2)])
    model.compile("sgd", lambda y_true, y_pred: ops.convert_to_tensor(np.ones(8, np.float32)))
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
    assert "the loss does not depend on the batch" in model.explain_plan()


def test_a_program_in_a_program():
    with pytest.raises(NotCapturable, match="a program is being captured already"):
        capture(lambda x: capture(lambda y: y, [x]), [SymbolicTensor((2,))])


def test_run_eagerly_makes_no_program():
    model, _ = fitted(plain, True)
    assert "run_eagerly=True" in model.explain_plan()
    assert not stepping.plans_of(model).training and not stepping.plans_of(model).inference


def test_several_inputs_and_outputs():
    a, b = layers.Input((6, 6, 2), name="a"), layers.Input((4,), name="b")
    x = layers.Concatenate()([layers.Flatten()(layers.Conv2D(3, 3, activation="relu")(a)), b])
    model = models.Model([a, b], {"one": layers.Dense(1, name="one")(x), "two": layers.Dense(3, name="two")(x)})
    rng = np.random.default_rng(0)
    inputs = {"a": rng.random((10, 6, 6, 2)), "b": rng.random((10, 4))}
    targets = {"one": rng.random((10, 1)), "two": rng.random((10, 3))}
    model.compile("sgd", "mse")
    weights = model.get_weights()
    logs = model.train_on_batch(inputs, targets, return_dict=True)
    assert stepping.plans_of(model).reason is None
    programmed = model.get_weights()
    model.set_weights(weights)
    model.compile("sgd", "mse", run_eagerly=True)
    eager = model.train_on_batch(inputs, targets, return_dict=True)
    assert logs == eager and set(logs) == {"loss", "one_loss", "two_loss"}
    for w, v in zip(programmed, model.get_weights(), strict=True):
        np.testing.assert_array_equal(w, v)


def test_threads_have_programs_of_their_own():
    model, _ = fitted(normalised, False)
    x, _ = data(24)
    expected = [model.predict(x[i : i + 3], verbose=0) for i in range(0, 24, 3)]
    found = [None] * 8

    def work(i):
        for _ in range(20):
            found[i] = model.predict(x[3 * i : 3 * i + 3], verbose=0)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_predictions_do_not_depend_on_the_batch():
    model, _ = fitted(residual, False)
    x, _ = data(9)
    whole = model.predict(x, batch_size=9, verbose=0)
    for i in range(9):
        np.testing.assert_array_equal(model.predict(x[i : i + 1], verbose=0)[0], whole[i])


def test_few_programs_are_kept():
    model, _ = fitted(plain, False)
    x, _ = data(20)
    for n in range(1, 20):
        model.predict(x[:n], verbose=0)
    assert len(stepping.plans_of(model).inference) <= stepping.KEPT


def test_explain_memory_profile(tmp_path):
    model, _ = fitted(residual, False)
    text = model.explain_plan()
    assert "Training, batch 16" in text and "conv2d" in text and "arena" in text
    report = model.memory_report(256)  # workspaces that do not grow with the batch are small beside it
    assert report["training total"] > report["inference total"] > report["weights"] > 0
    twice = model.memory_report(512)
    assert 1.8 < twice["training arena"] / report["training arena"] < 2.2
    x, y = data(8)
    weights = model.get_weights()
    table = str(model.profile(x, y, training=True, trace=tmp_path / "trace.json"))
    assert "conv2d_dw" in table and "of peak" in table
    assert "conv2d" in str(model.profile(x))
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert {"name", "ts", "dur"} <= set(events[0])
    for a, b in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_custom_train_step_runs_as_written():
    class Own(models.Model):
        def train_step(self, batch):
            return {"loss": 1.0}

    x = layers.Input((4,))
    model = Own(inputs=x, outputs=layers.Dense(2)(x))
    model.compile(optimizers.SGD(0.1), "mse")
    history = model.fit(np.ones((4, 4)), np.ones((4, 2)), verbose=0)
    assert history.history["loss"] == [1.0] and not stepping.plans_of(model).training


def test_programs_follow_adapt():
    normalization = layers.Normalization()
    x, _ = data(32)
    normalization.adapt(x)
    model = models.Sequential([layers.Input((12, 12, 3)), normalization, layers.Flatten(), layers.Dense(2)])
    np.testing.assert_array_equal(model.predict(x, verbose=0), model(x).numpy())
    normalization.adapt(5 * x + 1)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model(x).numpy())
    assert stepping.plans_of(model).inference and stepping.plans_of(model).reason is None


def test_a_batch_of_the_wrong_shape_does_not_make_the_model_eager():
    model, _ = fitted(plain, False)
    with pytest.raises(ValueError, match="expected shape"):
        model.predict(np.zeros((2, 5, 5, 3), np.float32), verbose=0)
    with pytest.raises(ValueError, match="expected shape"):
        model.train_on_batch(np.zeros((2, 5, 5, 3), np.float32), np.zeros(2, int))
    x, y = data(8)
    model.predict(x, verbose=0)
    model.train_on_batch(x, y)
    plans = stepping.plans_of(model)
    assert any(key[0] == (8, 12, 12, 3) for key in plans.inference)
    assert any(key[0][0] == (8, 12, 12, 3) for key in plans.training)


class Hinges(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.convert_to_tensor(np.maximum(0, 1 - y_pred.numpy())).array.mean() * ops.sum(y_pred, axis=-1)


def test_a_loss_that_looks_at_numbers_leaves_inference_its_program():
    model, _ = fitted(plain, False)
    model.compile("sgd", Hinges())
    x, _ = data(8)
    model.train_on_batch(x, np.zeros((8, 5), np.float32))
    model.predict(x, verbose=0)
    plans = stepping.plans_of(model)
    assert [kind for kind, _ in plans.eager] == ["training"] and plans.inference
    assert "runs eagerly" in model.explain_plan() and "Inference, batch 8" in model.explain_plan()


def test_compiling_anew_makes_new_programs():
    x, _ = data(8)
    y = np.random.default_rng(1).random((8, 5))
    changed = []
    for eager in (False, True):
        utils.set_random_seed(1)
        model = models.Sequential([layers.Input((12, 12, 3)), layers.Flatten(), layers.Dense(5)])
        model.compile("sgd", "mse", run_eagerly=eager)
        model.train_on_batch(x, y)
        model.layers[-1].activation = ops.tanh
        model.compile("sgd", "mae", run_eagerly=eager)
        model.train_on_batch(x, y)
        changed.append((model.get_weights(), model.predict(x, verbose=0)))
    for a, b in zip(changed[0][0], changed[1][0], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(changed[0][1], changed[1][1], rtol=1e-5, atol=1e-6)
