"""Inference by programs: concatenations without copies, calls of models, predictions in batches."""

import threading

import numpy as np
import pytest

import fastcnn
from fastcnn import applications, layers, models, ops, utils
from fastcnn.layers.nests import contents
from fastcnn.plan import fused, inference_passes, model_steps, stepping
from fastcnn.tensor import Tensor


def pictures(n=2, shape=(12, 12, 3)):
    return np.random.default_rng(5).standard_normal((n, *shape), dtype=np.float32)


def with_statistics(model):
    """Moving statistics that are not those of a new layer, and kernels that let pictures through."""
    rng = np.random.default_rng(7)
    for v in model.variables:
        if len(v.shape) == 4:
            v.assign(rng.standard_normal(v.shape) * np.sqrt(2 / np.prod(v.shape[:3])))
        if "moving" in v.path:
            v.assign(v.numpy() + 0.1 * np.abs(rng.standard_normal(v.shape)))
    return model


def steps_of(program):
    return [step.operation.name for step in program.steps]


def both(model, x, monkeypatch):
    """The program, its results, and those of the program that copies."""
    program = model_steps.Inference(model, Tensor(x))
    found = [t.numpy().copy() for t in contents(program.run([Tensor(x)]))]
    with monkeypatch.context() as patch:
        patch.setattr(inference_passes, "write_slices", lambda steps, outputs: steps)
        copying = model_steps.Inference(model, Tensor(x))
    assert "joined" not in steps_of(copying.program)
    return program.program, found, [t.numpy() for t in contents(copying.run([Tensor(x)]))]


NETWORKS = {"SqueezeNet": (8, 32), "GoogLeNet": (9, 32), "DenseNet121": (58, 32), "InceptionV3": (15, 75)}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_join_without_copies(name, monkeypatch):
    joined, size = NETWORKS[name]
    utils.set_random_seed(1)
    options = {"include_top": False} if name in ("DenseNet121", "InceptionV3") else {}
    model = with_statistics(getattr(applications, name)(weights=None, input_shape=(size, size, 3), **options))
    program, found, expected = both(model, pictures(2, (size, size, 3)), monkeypatch)
    assert steps_of(program).count("joined") == joined and "concatenate" not in steps_of(program)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.ptp(a) > 0


def conv(filters, size=1, **options):
    return layers.Conv2D(filters, size, padding="same", bias_initializer="glorot_uniform", **options)


def inception(x):
    return layers.Concatenate()([conv(5, activation="relu")(x), conv(4, 3)(x), layers.MaxPooling2D(3, 1, "same")(x)])


def dense_block(x):
    x = layers.MaxPooling2D()(x)
    for _ in range(3):
        y = conv(4, 3)(layers.ReLU()(layers.BatchNormalization()(x)))
        x = layers.Concatenate()([x, y])
    return layers.ReLU()(layers.BatchNormalization()(x))


def both_ways(x):
    """The first concatenation is read by a convolution, too, so that it cannot lie within the second."""
    first = layers.Concatenate()([conv(3)(x), conv(4)(x)])
    return layers.Concatenate()([first, conv(2)(first)])


def of_results(x):
    """An input of the concatenation has another reader, which wants it contiguous."""
    y = conv(6)(x)
    return layers.Concatenate()([y, conv(3)(y)])


def the_same_twice(x):
    y = conv(6)(x)
    return layers.Concatenate()([y, y])


def with_a_shortcut(x):
    """Convolutions add the shortcut on the way, which lies as they do."""
    return layers.Concatenate()([layers.Add()([conv(3)(x), x]), conv(3)(x)])


def of_the_input(x):
    return layers.Concatenate()([x, conv(3)(x)])


def along_rows(x):
    return layers.Concatenate(axis=1)([conv(3)(x), conv(3)(x)])


def of_activations(x):
    return layers.Concatenate()([layers.Activation("tanh")(conv(3)(x)), layers.Activation("selu")(x)])


def average(x):
    return layers.Concatenate()([layers.AveragePooling2D(2)(x), conv(5, 3, strides=2)(x)])


def reshaped(x):
    return layers.Concatenate()([layers.Reshape((12, 12, 6))(conv(6)(x)), conv(3)(x)])


def flat(x):
    return layers.Flatten()(layers.Concatenate()([conv(3)(x), conv(2, groups=1, dilation_rate=2)(x)]))


JOINS = [
    (inception, 1), (dense_block, 3), (both_ways, 1), (of_results, 0), (the_same_twice, 0), (with_a_shortcut, 0),
    (of_the_input, 0), (along_rows, 0), (of_activations, 0), (average, 1), (reshaped, 0), (flat, 1),
]  # fmt: skip


@pytest.mark.parametrize(("build", "joined"), JOINS, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("threads", [1, 2])
def test_which_concatenations_copy(build, joined, threads, monkeypatch):
    fastcnn.set_num_threads(threads)
    utils.set_random_seed(2)
    start = layers.Input((12, 12, 3))
    model = with_statistics(models.Model(start, build(start)))
    program, found, expected = both(model, pictures(3), monkeypatch)
    assert steps_of(program).count("joined") == joined
    assert steps_of(program).count("concatenate") == (joined == 0 or build is both_ways)
    np.testing.assert_array_equal(found[0], expected[0])
    eager = model(pictures(3), training=False).numpy()
    np.testing.assert_allclose(found[0], eager, rtol=1e-5, atol=1e-6)


def test_a_slice_that_the_caller_reads_is_copied(monkeypatch):
    start = layers.Input((12, 12, 3))
    part = conv(4)(start)
    model = models.Model(start, [layers.Concatenate()([part, conv(2)(start)]), part])
    program, found, expected = both(model, pictures(), monkeypatch)
    assert "joined" not in steps_of(program)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], found[0][..., :4])


def test_signals_are_joined_by_copies(monkeypatch):
    start = layers.Input((12, 3))
    model = models.Model(start, layers.Concatenate()([layers.Conv1D(3, 1)(start), layers.Conv1D(2, 1)(start)]))
    program, found, expected = both(model, pictures(2, (12, 3)), monkeypatch)
    assert "concatenate" in steps_of(program)
    np.testing.assert_array_equal(found[0], expected[0])


def test_joined_is_concatenation():
    a, b = pictures(), pictures(2, (12, 12, 4))
    expected = np.concatenate([a, b], 3)
    np.testing.assert_array_equal(fused.JOINED.kernel(a, b, axis=3), expected)
    np.testing.assert_array_equal(fused.JOINED.reference(a, b, axis=3), expected)
    assert fused.JOINED.shape(a.shape, (None, 12, 12, 4), axis=3) == (2, 12, 12, 7)


def test_a_plan_has_no_step_for_what_is_joined():
    start = layers.Input((12, 12, 3))
    model = models.Model(start, inception(start))
    model.predict(pictures(), verbose=0)
    assert "concatenate" not in model.explain_plan()  # nor any step in its place
    assert "conv2d" in str(model.profile(pictures())) and "joined" not in str(model.profile(pictures()))


# ---- prepared filters


def deep():
    """Convolutions over few pixels, packed and transformed, with and without what is folded into them."""
    utils.set_random_seed(3)
    x = start = layers.Input((8, 8, 32))
    x = layers.ReLU()(layers.BatchNormalization()(conv(33, 3)(x)))
    x = layers.Add()([conv(33)(x), x])
    return models.Model(start, conv(7, 3, strides=2, groups=1, activation="relu")(layers.Conv2D(14, 1)(x)))


def test_prepared_filters_change_no_bit(monkeypatch):
    x, model = pictures(1, (8, 8, 32)), deep()
    found = model.predict(x, verbose=0)
    ((program,),) = stepping.plans_of(model).inference.values()
    assert steps_of(program.program).count("conv2d_prepared") == 4
    model.layers[1].kernel.assign(2 * model.layers[1].kernel)
    changed = model.predict(x, verbose=0)
    model.layers[1].kernel.assign(0.5 * model.layers[1].kernel)
    monkeypatch.setattr(inference_passes, "prepare_filters", lambda steps, outputs: steps)
    plain = deep()
    np.testing.assert_array_equal(found, plain.predict(x, verbose=0))
    plain.layers[1].kernel.assign(2 * plain.layers[1].kernel)
    np.testing.assert_array_equal(changed, plain.predict(x, verbose=0))
    assert np.ptp(changed - found) > 0


def wide():
    """One of Winograd's convolutions, with a large filter."""
    x = layers.Input((8, 8, 32))
    return models.Model(x, layers.Conv2D(128, 3, padding="same")(x))


@pytest.mark.parametrize(
    ("network", "counts"), [(deep, {16: 4, 17: 1, 64: 1, 65: 0}), (wide, {4: 1, 5: 0})], ids=["small", "large"]
)
def test_large_batches_need_no_prepared_filters(network, counts):
    model = network()
    for n, prepared in counts.items():
        program = model_steps.Inference(model, Tensor(pictures(n, (8, 8, 32)))).program
        assert steps_of(program).count("conv2d_prepared") == prepared


def test_programs_of_one_model_share_their_filters():
    model = deep()
    x = pictures(2, (8, 8, 32))
    first, second = (model_steps.Inference(model, Tensor(x[:n])).program for n in (1, 2))
    assert len(first.derived) > 4 and [id(t) for t in first.derived] == [id(t) for t in second.derived]
    model.layers[1].kernel.assign(3 * model.layers[1].kernel)
    third = model_steps.Inference(model, Tensor(x)).program  # of the new weights, though nothing has run since
    for program in (third, second):
        np.copyto(program.inputs[0], x)
        program.run()
    np.testing.assert_array_equal(third.outputs.numpy(), second.outputs.numpy())
    np.testing.assert_allclose(third.outputs.numpy(), model(x, training=False).numpy(), rtol=1e-5, atol=1e-5)


def test_prepared_convolution_is_convolution():
    x, w, b = pictures(1, (5, 5, 3)), pictures(3, (3, 3, 4)), np.ones(4, np.float32)
    attrs = {"strides": 1, "padding": "same", "dilation": 1, "groups": 1, "activation": "relu"}
    expected = fused.CONV_PREPARED.kernel(x, w, b, None, None, **attrs)
    close = fused.CONV_PREPARED.reference(x, w, b, 0 * expected, None, **attrs)
    np.testing.assert_allclose(expected, close, rtol=1e-5, atol=1e-5)
    assert fused.CONV_PREPARED.shape((None, 5, 5, 3), w.shape, b.shape, None, None, **attrs) == (None, 5, 5, 4)


# ---- calls


def network(**options):
    utils.set_random_seed(4)
    start = layers.Input((12, 12, 3))
    x = layers.ReLU()(layers.BatchNormalization()(conv(8, 3)(start)))
    x = layers.Dense(5, **options)(layers.GlobalAveragePooling2D()(layers.Dropout(0.5)(x)))
    return with_statistics(models.Model(start, x))


def sequential(*first):
    utils.set_random_seed(4)
    return with_statistics(
        models.Sequential([*first, conv(8, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(5)])
    )


def nested():
    inner = network()
    return models.Sequential([layers.Input((12, 12, 3)), inner, layers.Dense(2)])


def runs(model):
    """How many programs the calls have made."""
    return len(stepping.plans_of(model).inference)


@pytest.mark.parametrize("build", [network, nested, sequential, lambda: sequential(layers.Input((12, 12, 3)))])
@pytest.mark.parametrize("options", [{}, {"training": False}, {"training": None}])
def test_a_call_has_the_bits_of_predict(build, options):
    x = pictures(5)
    model = build()
    answer = model(x, **options)
    assert isinstance(answer, Tensor) and runs(model) == 1
    kept = answer.numpy().copy()
    np.testing.assert_array_equal(kept, model.predict(x, verbose=0))
    np.testing.assert_array_equal(kept, model.predict(x, batch_size=2, verbose=0))
    np.testing.assert_array_equal(model(x[3:4]).numpy(), kept[3:4])
    model(x + 1)
    np.testing.assert_array_equal(answer.numpy(), kept)  # its memory is its own
    model.run_eagerly = True
    np.testing.assert_allclose(model(x).numpy(), kept, rtol=1e-5, atol=1e-6)


def test_predict_of_a_model_that_is_built_by_it():
    x = pictures(5)
    model = sequential()
    first = model.predict(x, verbose=0)
    np.testing.assert_array_equal(first, model.predict(x, verbose=0))


@pytest.mark.parametrize("kind", ["uint8", "int64", "float64", "list"])
def test_calls_take_what_layers_take(kind):
    model = network()
    x = np.arange(144 * 3).reshape(1, 12, 12, 3) % 7
    given = x.tolist() if kind == "list" else x.astype(kind)
    np.testing.assert_array_equal(model(given).numpy(), model.predict(x, verbose=0))


def test_calls_with_several_inputs_and_outputs():
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    model = models.Model({"a": a, "b": b}, {"sum": layers.Dense(3)(a + b), "twice": b * 2.0})
    x = {"a": np.ones((2, 4), np.float32), "b": np.full((2, 4), 3, np.float32)}
    found = model(x)
    assert runs(model) == 1
    for name, value in model.predict(x, verbose=0).items():
        np.testing.assert_array_equal(found[name].numpy(), value)
    assert found["twice"].numpy()[0, 0] == 6


def test_what_runs_eagerly():
    x = pictures()
    model = network()
    model(x, training=True)
    with fastcnn.GradientTape() as tape:
        y = ops.sum(model(x))
    assert all(g is not None for g in tape.gradient(y, model.trainable_variables))
    assert model(layers.Input((12, 12, 3))).shape == (None, 5)
    assert runs(model) == 0
    model.run_eagerly = True
    model(x)
    assert runs(model) == 0


def test_losses_are_those_of_the_call():
    model = network(activity_regularizer="l2")
    x = pictures()
    for n in (1, 3):
        y = model(x * n)
        (loss,) = model.losses
        assert float(loss) == pytest.approx(0.01 * float((y.numpy() ** 2).sum()) / 2, rel=1e-5)
    plain = network()
    with fastcnn.GradientTape():
        plain(x)
    plain(x)
    assert plain.losses == []


def test_moving_statistics_that_a_call_changes():
    start = layers.Input((12, 12, 3))
    norm = layers.BatchNormalization(momentum=0.5)
    model = models.Model(start, norm(start, training=True))
    model(pictures() + 4)
    once = norm.moving_mean.numpy()
    model(pictures() + 4)
    np.testing.assert_allclose(norm.moving_mean.numpy(), 1.5 * once, rtol=1e-5)


class Counting(layers.Layer):
    calls = 0

    def call(self, x):
        Counting.calls += 1
        return x * 2.0


class OwnModel(models.Model):
    def __init__(self):
        super().__init__()
        self.head, self.calls = layers.Dense(2), 0

    def call(self, x):
        self.calls += 1
        return self.head(x)


def test_python_of_other_people_runs_at_each_call():
    x = np.ones((1, 4), np.float32)
    start = layers.Input((4,))
    model = models.Model(start, layers.Dense(2)(Counting()(start)))
    own, shouted = OwnModel(), []
    activation = models.Sequential([start, layers.Dense(2, activation=lambda t: shouted.append(t.shape) or t)])
    inner = models.Sequential([start, model])
    Counting.calls, shouted[:] = 0, []
    for _ in range(3):
        model(x), own(x), activation(x)
    assert (Counting.calls, own.calls, shouted.count((1, 2))) == (3, 3, 3)
    inner(x)
    assert Counting.calls == 4 and all(runs(m) == 0 for m in (model, own, activation, inner))


def test_an_edited_layer_computes_something_else():
    x = pictures()
    model = network()
    before = model(x).numpy()
    model.layers[-1].activation = fastcnn.activations.softmax
    np.testing.assert_allclose(model(x).numpy(), ops.softmax(before).numpy(), rtol=1e-5)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model(x).numpy())
    model.stop_training = True
    assert runs(model) == 1
    model.layers[-1].kernel.assign(model.layers[-1].kernel * 0)
    assert np.ptp(model(x).numpy()) < 1


def test_mistakes_are_told_as_by_eager_calls():
    model = network()
    with pytest.raises(ValueError, match=r"expected shape \(None, 12, 12, 3\), got \(2, 11, 12, 3\)"):
        model(pictures(2, (11, 12, 3)))
    with pytest.raises(ValueError, match="must be called with its input"):
        model()
    with pytest.raises(TypeError, match="unexpected keyword argument 'tranining'"):
        model(pictures(), tranining=True)


# ---- predict


def test_callbacks_see_the_outputs_of_each_batch():
    seen = []

    class Keeping(fastcnn.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            seen.append(logs["outputs"])

    x, model = pictures(10), network()
    whole = model.predict(x, batch_size=4, verbose=0, callbacks=[Keeping()])
    np.testing.assert_array_equal(np.concatenate([y.numpy() for y in seen]), whole)
    assert [len(y) for y in seen] == [4, 4, 2]


def test_predictions_of_batches_that_come_one_by_one():
    x, model = pictures(10), network()
    whole = model.predict(x, verbose=0)
    found = model.predict((x[i : i + 4] for i in (0, 4, 8)), verbose=0)
    np.testing.assert_array_equal(found, whole)


def test_an_overridden_step_predicts():
    class Doubled(models.Model):
        def predict_step(self, data):
            return super().predict_step(data) * 2.0

    plain = network()
    model = Doubled(plain.input, plain.output)
    x = pictures(10)
    np.testing.assert_array_equal(model.predict(x, batch_size=4, verbose=0), 2 * plain.predict(x, verbose=0))


def test_eight_threads_call_one_model():
    x, model = pictures(24), network()
    expected = model.predict(x, verbose=0)
    wrong = []

    def work(number):
        for turn in range(8):
            part = slice((3 * number + turn) % 20, (3 * number + turn) % 20 + 1 + turn % 4)
            if not np.array_equal(model(x[part]).numpy(), expected[part]):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
