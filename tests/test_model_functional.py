"""Functional models: inputs and outputs of every form, operations between layers, shared and nested layers, errors."""

import gc

import numpy as np
import pytest

import fastcnn
from fastcnn import Model, Sequential, SymbolicTensor, backend, layers, ops

X = np.arange(8.0, dtype=np.float32).reshape(2, 4)


def branching():
    x = layers.Input((8, 8, 3))
    a, b = layers.Conv2D(4, 3, padding="same", name="a")(x), layers.Conv2D(4, 1, name="b")(x)
    d = layers.Conv2D(2, 3, name="d")(layers.Add(name="c")([a, b]))
    e, f = layers.Flatten(name="e")(b), layers.Flatten(name="f")(d)
    return x, d, layers.Dense(3, name="h")(layers.Concatenate(name="g")([e, f]))


def test_layers_come_in_the_order_of_keras():
    x, d, h = branching()
    names = [layer.name for layer in Model(x, h).layers]
    assert names[1:] == ["b", "a", "c", "d", "e", "f", "g", "h"]
    names = [layer.name for layer in Model(x, [d, h]).layers]
    assert names[1:] == ["a", "b", "c", "d", "e", "f", "g", "h"]


# Graphs drawn at random; the orders are those of Keras 3.15. ("d", i): a Dense of tensor i; ("s", i): the shared layer;
# ("a", i, j): an Add. Tensors are numbered from the inputs on.
ORDERS = [
    (2, [("a", 1, 1), ("d", 2), ("a", 2, 0), ("a", 1, 3), ("a", 3, 2), ("a", 6, 2)], [7], "in1 l0 l1 l4 in0 l5"),
    (2, [("a", 1, 0), ("d", 1), ("d", 1), ("a", 1, 3)], [5], "in1 l1 in0 l3"),
    (1, [("a", 0, 0), ("d", 1), ("s", 1), ("a", 0, 3), ("d", 3), ("d", 0), ("a", 2, 5)], [7], "in0 l0 sh l1 l4 l6"),
    (2, [("d", 1), ("d", 1), ("d", 0)], [4], "in0 in1 l2"),
]


@pytest.mark.parametrize(("inputs", "program", "outputs", "expected"), ORDERS)
def test_orders_of_keras(inputs, program, outputs, expected):
    tensors = [layers.Input((4,), name=f"in{i}") for i in range(inputs)]
    shared = layers.Dense(4, name="sh")
    for k, (kind, *sources) in enumerate(program):
        if kind == "a":
            tensors.append(layers.Add(name=f"l{k}")([tensors[i] for i in sources]))
        else:
            tensors.append((shared if kind == "s" else layers.Dense(4, name=f"l{k}"))(tensors[sources[0]]))
    model = Model(tensors[:inputs], [tensors[i] for i in outputs])
    assert " ".join(layer.name for layer in model.layers) == expected


def test_several_inputs_and_outputs():
    a, b = layers.Input((4,), name="a"), layers.Input((3,), name="b")
    y, z = layers.Dense(2, name="y")(a), layers.Dense(5, name="z")(layers.Concatenate()([a, b]))
    model = Model([a, b], [y, z])
    assert model.input_shape == [(None, 4), (None, 3)] and model.output_shape == [(None, 2), (None, 5)]
    assert model.input_names == ["a", "b"] and model.output_names == ["y", "z"]
    assert [t.shape for t in model.inputs + model.outputs] == [(None, 4), (None, 3), (None, 2), (None, 5)]
    other = np.ones((2, 3), np.float32)
    listed, named = model([X, other]), model({"b": other, "a": X})
    assert isinstance(listed, list) and [t.shape for t in listed] == [(2, 2), (2, 5)]
    for p, q in zip(listed, named, strict=True):
        np.testing.assert_array_equal(p.numpy(), q.numpy())
    with pytest.raises(ValueError, match="expected 2 inputs, got 1"):
        model(X)
    with pytest.raises(ValueError, match=r"the dict of inputs lacks \['b'\]; it has \['a'\]"):
        model({"a": X})


def test_dicts_of_inputs_and_outputs():
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    model = Model({"first": a, "second": b}, {"sum": a + b, "dense": layers.Dense(2)(a)})
    y = model({"second": X, "first": 2 * X})
    assert list(y) == ["sum", "dense"] and model.output_names == ["dense", "sum"]  # sorted, as Keras's
    np.testing.assert_array_equal(y["sum"].numpy(), 3 * X)


def test_layers_of_a_dict_of_outputs_come_in_the_order_of_keras():
    a, b = layers.Input((4,), name="z"), layers.Input((3,), name="m")
    h = layers.Concatenate()([a, b])
    box = layers.Dense(2, name="box")(layers.Dense(7, name="hidden")(h))
    outputs = {"cls": layers.Dense(2, name="cls")(h), "box": box, "aux": layers.Dense(2, name="aux")(h)}
    model = Model({"z": a, "m": b}, outputs)
    assert [layer.name for layer in model.layers if isinstance(layer, layers.Dense)] == ["hidden", "aux", "box", "cls"]
    assert [t.shape for t in model.inputs] == [(None, 3), (None, 4)] and model.output_names == ["aux", "box", "cls"]
    x = {"z": X, "m": X[:, :3]}
    y = model(x)
    for given in ({"m": x["m"], "z": X}, [x["m"], X]):
        assert all(np.array_equal(model(given)[k].numpy(), y[k].numpy()) for k in y)
    predicted = model.predict(x, verbose=0)
    assert list(predicted) == ["cls", "box", "aux"] and all(np.allclose(predicted[k], y[k], atol=1e-6) for k in y)
    targets = {"aux": 1 + y["aux"].numpy(), "cls": y["cls"].numpy(), "box": 2 + y["box"].numpy()}
    model.compile("sgd", {"cls": "mse", "aux": "mse", "box": "mse"}, metrics={"box": ["mae"]})
    expected = {"loss": 5.0, "cls_loss": 0.0, "aux_loss": 1.0, "box_loss": 4.0, "box_mae": 2.0}
    assert model.evaluate(x, targets, verbose=0) == pytest.approx(list(expected.values()), abs=1e-4)
    assert model.evaluate(x, targets, verbose=0, return_dict=True) == pytest.approx(expected, abs=1e-4)
    assert model.fit(x, targets, verbose=0).history["box_mae"] == pytest.approx([2.0])


@pytest.mark.parametrize("form", [list, tuple])
def test_one_output_in_a_list_comes_out_of_it(form):
    x = layers.Input((4,))
    model = Model(inputs=form([x]), outputs=form([layers.Dense(3)(x)]))
    assert model(X).shape == model(form([X])).shape == model.predict(X, verbose=0).shape == (2, 3)
    assert [t.shape for t in model(layers.Input((4,)))] == [(None, 3)]  # as in Keras: the graph has the list
    model.compile("sgd", "mse")
    history = model.fit(X, np.ones((2, 3)), epochs=2, verbose=0).history
    assert model.evaluate(X, [np.ones((2, 3))], verbose=0) < history["loss"][0]

    class Around(Model):
        def __init__(self):
            super().__init__()
            self.inner, self.last = model, layers.Dense(1)

        def call(self, x):
            return self.last(self.inner(x))

    around = Around()
    assert around.compute_output_shape((None, 4)) == (None, 1) and around.predict(X, verbose=0).shape == (2, 1)


def test_inputs_within_a_tuple_of_a_tuple():
    x, y = layers.Input((4,)), layers.Input((4,))
    model = Model([x, y], layers.Subtract()([x, y]))
    assert (model(((X, X - 1),)).numpy() == 1).all()  # what train_step is given where fit has inputs alone
    assert (model(([X.tolist(), X - 1],)).numpy() == 1).all()


def test_operations_between_layers():
    x = layers.Input((4,))
    y = ops.relu(x - 3.0) * 2 + x
    y = 2 * y[:, 1:]
    y = ops.concatenate([y, x, -x], axis=1)
    y = ops.where(y > 0, y, ops.exp(y)) / 2.0
    model = Model(x, [y, ops.sum(y, axis=1), ops.reshape(y, (-1, 1, 11))])
    v = np.maximum(X - 3, 0) * 2 + X
    v = np.concatenate([2 * v[:, 1:], X, -X], axis=1)
    v = np.where(v > 0, v, np.exp(v)) / 2
    for got, want in zip(model(X), (v, v.sum(1), v.reshape(2, 1, 11)), strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    assert [layer.name for layer in model.layers] == [x.name]


def test_a_shared_layer_has_one_set_of_weights():
    a, b = layers.Input((4,)), layers.Input((4,))
    shared = layers.Dense(3)
    model = Model([a, b], layers.Subtract()([shared(a), shared(b)]))
    assert len(model.weights) == 2 and (model([X, X]).numpy() == 0).all()
    with fastcnn.GradientTape() as tape:
        loss = ops.sum(model([X, 3 * X]))
    gradient = tape.gradient(loss, shared.kernel).numpy()
    np.testing.assert_allclose(gradient, np.repeat(-2 * X.sum(0)[:, None], 3, 1), rtol=1e-6)


def test_nested_models():
    backend.clear_session()
    inner = Sequential([layers.Input((4,)), layers.Dense(3)], name="inner")
    x = layers.Input((4,))
    deep = Model(x, layers.Dense(2, name="deep_out")(inner(x)), name="deep")
    z = layers.Input((4,))
    outer = Model(z, deep(z) + deep(2 * z))
    assert outer.weights[0].path == "inner/dense/kernel" and len(outer.weights) == 4
    np.testing.assert_allclose(outer(X).numpy(), deep(X).numpy() + deep(2 * X).numpy(), rtol=1e-6)
    inner.trainable = False
    assert len(outer.trainable_weights) == 2
    assert outer.get_layer("deep").get_layer("inner") is inner


def test_transfer_a_frozen_base_and_a_new_head():
    base = Sequential([layers.Input((4,)), layers.Dense(5), layers.BatchNormalization(), layers.Dense(3)])
    base.trainable = False
    model = Model(base.input, layers.Dense(2)(base.output))
    assert len(model.trainable_weights) == 2 and len(model.weights) == 10
    before = base.get_weights()
    model.compile("sgd", "mse")
    model.fit(X, np.ones((2, 2)), verbose=0)
    for a, b in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    x = layers.Input((4,))
    second = Model(x, layers.Dense(2)(base(x, training=False)))
    assert len(second.trainable_weights) == 2 and second.layers[1] is base


def test_a_model_that_ends_earlier():
    x, _, h = branching()
    model = Model(x, h)
    part = Model(model.input, model.get_layer("d").output)
    image = np.random.default_rng(1).normal(size=(2, 8, 8, 3))
    assert part.output_shape == (None, 6, 6, 2) and part(image).shape == (2, 6, 6, 2)
    assert part.get_layer("a") is model.get_layer("a")
    both = Model(model.inputs, [model.get_layer(n).output for n in ("a", "d")] + [model.output])
    np.testing.assert_array_equal(both(image)[1].numpy(), part(image).numpy())
    np.testing.assert_array_equal(both(image)[2].numpy(), model(image).numpy())


def test_a_model_that_begins_later():
    x = layers.Input((4,))
    middle = layers.Dense(3, name="m")(x)
    y = layers.Dense(2)(middle)
    head = Model(middle, y)
    assert head.input_shape == (None, 3) and head(np.ones((2, 3))).shape == (2, 2)


@pytest.mark.parametrize("kind", ["uint8", "float64", "float16", "int64", "bool"])
def test_inputs_become_floats(kind):
    x = layers.Input((4,))
    model = Model(x, layers.Dense(2)(x))
    given = (X % 2).astype(kind)
    np.testing.assert_array_equal(model(given).numpy(), model(given.astype("float32")).numpy())
    np.testing.assert_array_equal(model(given.tolist()).numpy(), model(given).numpy())


def test_an_axis_of_one_channel_is_added():
    x = layers.Input((5, 5, 1), name="image")
    model = Model(x, layers.Flatten()(x))
    assert model(np.ones((2, 5, 5))).shape == (2, 25)
    flat = layers.Input((5,))
    assert Model(flat, flat * 1.0)(np.ones((2, 5, 1))).shape == (2, 5)


def test_wrong_shapes_name_the_input_and_the_remedy():
    x = layers.Input((5, 5, 3), name="image")
    model = Model(x, layers.Flatten()(x), name="net")
    with pytest.raises(ValueError, match=r"net: input 'image' expected shape \(None, 5, 5, 3\), got \(2, 5, 4, 3\)"):
        model(np.ones((2, 5, 4, 3)))
    with pytest.raises(ValueError, match="one sample needs a batch axis too, as np.expand_dims"):
        model(np.ones((5, 5, 3)))
    with pytest.raises(ValueError, match="the channels come first; .*np.moveaxis"):
        model(np.ones((2, 3, 5, 5)))


def test_misuse_is_explained():
    x = layers.Input((4,), name="x")
    y = layers.Dense(2)(x)
    with pytest.raises(ValueError, match="the outputs depend on .*name=other.*, which is not among the inputs"):
        Model(x, layers.Dense(2)(layers.Input((4,), name="other")))
    with pytest.raises(ValueError, match="Model needs inputs and outputs, got no outputs"):
        Model(inputs=x)
    with pytest.raises(ValueError, match="Model needs inputs and outputs, got no inputs"):
        Model(outputs=y)
    with pytest.raises(ValueError, match="the inputs of a model must be symbolic tensors, as Input gives, got ndarray"):
        Model(X, y)
    with pytest.raises(
        ValueError, match="the outputs of a model must be symbolic tensors.* got Tensor; call the model"
    ):
        Model(x, ops.ones((2, 2)))
    with pytest.raises(ValueError, match=r"symbolic tensors.* got Dense 'd', which has to be called first: d\(x\)"):
        Model(x, layers.Dense(2, name="d"))
    with pytest.raises(ValueError, match="Model got an unknown argument 'input'. Did you mean 'inputs'?"):
        Model(input=x, output=y)
    with pytest.raises(ValueError, match="the inputs of a model must all be different"):
        Model([x, x], y)
    with pytest.raises(ValueError, match="two layers are called 'twin'"):
        Model(x, layers.Dense(2, name="twin")(layers.Dense(2, name="twin")(x)))
    with pytest.raises(TypeError, match="Model takes inputs, outputs and name, got 4 positional arguments"):
        Model(x, y, "name", True)
    with pytest.raises(TypeError, match="Model got two values for 'inputs'"):
        Model(x, y, inputs=x)
    with pytest.raises(TypeError, match="a symbolic tensor has no numbers yet"):
        np.sin(x.numpy())
    with pytest.raises(TypeError, match="a symbolic tensor has no numbers yet"):
        _ = 1 if x[0, 0] > 0 else 0


def test_constants_do_not_depend_on_the_inputs():
    x = layers.Input((4,), name="x")
    inside = fastcnn.tensor.SymbolicTensor((None, 4))
    with pytest.raises(ValueError, match="does not depend on the inputs of the model"):
        Model(x, inside)
    with pytest.raises(ValueError, match="does not depend on the inputs of the model"):
        Model(x, inside * 2.0)


def test_get_layer():
    x, _, h = branching()
    model = Model(x, h)
    assert model.get_layer(index=-1) is model.layers[-1] is model.get_layer("h")
    with pytest.raises(ValueError, match="there is no layer 'hh'. Did you mean 'h'.* The layers are"):
        model.get_layer("hh")
    with pytest.raises(ValueError, match="index must be below 9, the number of layers, got 9"):
        model.get_layer(index=9)
    with pytest.raises(ValueError, match="get_layer takes a name or an index, got name=None and index=None"):
        model.get_layer()
    with pytest.raises(AttributeError, match="the layers of a model cannot be set"):
        model.layers = []


def test_inputs():
    with pytest.raises(ValueError, match="Input needs a shape"):
        layers.Input()
    with pytest.raises(ValueError, match="Input takes shape or batch_shape, not both"):
        layers.Input((3,), batch_shape=(None, 3))
    with pytest.raises(ValueError, match=r"shape must hold sizes or None, got \(None, -3\)"):
        layers.Input((-3,))
    with pytest.raises(NotImplementedError, match="sparse inputs are not supported"):
        layers.Input((3,), sparse=True)
    with pytest.raises(NotImplementedError, match="ragged inputs are not supported"):
        layers.Input((3,), ragged=True)
    assert layers.Input((3,), batch_size=5).shape == (5, 3) == layers.Input(batch_shape=(5, 3)).shape
    assert layers.Input(7).shape == (None, 7) and layers.Input((3,), dtype="int32").dtype == "int32"
    x = layers.Input((3,))
    assert layers.Input(tensor=x).shape == x.shape


def test_models_do_not_pile_up():
    base = Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(2)])

    def nodes():
        gc.collect()
        return sum(isinstance(o, fastcnn.seam.Node) for o in gc.get_objects())

    def build():
        x = layers.Input((4,))
        Model(x, layers.Dense(2)(layers.Dense(4)(x)))

    build()
    base(X)  # which keeps its program
    before = nodes()
    for _ in range(5):
        build()
        base(X)
        base.compute_output_shape((None, 4))
    assert nodes() <= before
    for _ in range(5):
        base.add(layers.Dense(2, name="extra"))
        base.pop()
    assert nodes() <= before and len(base.layers[0]._calls) == 1


def test_outputs_that_no_input_leads_to():
    with pytest.raises(ValueError, match="does not depend on the inputs of the model"):
        Model(layers.Input((3,)), SymbolicTensor((None, 3)))
    with pytest.raises(ValueError, match="the outputs depend on .*, which is not among the inputs of the model"):
        Model(layers.Input((3,)), layers.Input((3,)) * 2.0)


def test_weights_are_one_file(tmp_path):
    x = layers.Input((3,))
    with pytest.raises(NotImplementedError, match="max_shard_size is not supported by fastcnn"):
        Model(x, x * 2.0).save_weights(tmp_path / "w.npz", max_shard_size="1GB")
