"""A state dict of PyTorch onto layers that are called after its modules."""

import numpy as np
import pytest
import torch_files

from fastcnn import layers, models, ops
from fastcnn.saving import write_safetensors
from fastcnn.saving.torch_names import assign_torch, looks_like_torch

RNG = np.random.default_rng(0)


def numbers(*shape):
    return RNG.random(shape, np.float32)


def sequential(shape, *stack):
    return models.Sequential([layers.Input(shape), *stack])


@pytest.mark.parametrize(
    ("shape", "layer", "weight", "expected"),
    [
        ((5, 6, 4), layers.Conv2D(6, (3, 2)), (6, 4, 3, 2), lambda w: w.transpose(2, 3, 1, 0)),
        ((5, 6, 4), layers.Conv2D(6, (3, 2), groups=2), (6, 2, 3, 2), lambda w: w.transpose(2, 3, 1, 0)),
        ((5, 4), layers.Conv1D(6, 3), (6, 4, 3), lambda w: w.transpose(2, 1, 0)),
        ((5, 6, 4), layers.Conv2DTranspose(6, (3, 2)), (4, 6, 3, 2), lambda w: w.transpose(2, 3, 1, 0)),
        ((5, 4), layers.Conv1DTranspose(6, 3), (4, 6, 3), lambda w: w.transpose(2, 1, 0)),
        ((5, 6, 4), layers.DepthwiseConv2D((3, 2)), (4, 1, 3, 2), lambda w: w.transpose(2, 3, 0, 1)),
        ((5, 6, 4), layers.DepthwiseConv2D(3, depth_multiplier=2), (8, 1, 3, 3), lambda w: w.reshape(4, 2, 3, 3).transpose(2, 3, 0, 1)),
        ((5, 4), layers.DepthwiseConv1D(3), (4, 1, 3), lambda w: w.transpose(2, 0, 1)),
        ((7,), layers.Dense(3), (3, 7), lambda w: w.T),
        ((4, 4, 7), layers.Dense(3), (3, 7), lambda w: w.T),
        ((4, 4, 7), layers.PReLU(shared_axes=[1, 2]), (7,), lambda w: w.reshape(1, 1, 7)),
        ((4, 4, 7), layers.PReLU(shared_axes=[1, 2, 3]), (1,), lambda w: w.reshape(1, 1, 1)),
    ],
)  # fmt: skip
def test_layouts(shape, layer, weight, expected):
    model = sequential(shape, layer)
    state = {f"{layer.name}.weight": numbers(*weight)}
    if len(layer.get_weights()) > 1:
        state[f"{layer.name}.bias"] = numbers(*layer.get_weights()[1].shape)
    assign_torch(model, state)
    np.testing.assert_array_equal(layer.get_weights()[0], expected(state[f"{layer.name}.weight"]))
    if len(state) > 1:
        np.testing.assert_array_equal(layer.get_weights()[1], state[f"{layer.name}.bias"])


def test_normalizations():
    model = sequential((4, 6), layers.BatchNormalization(name="a"), layers.GroupNormalization(2, name="b"), layers.LayerNormalization(center=False, name="c"))  # fmt: skip
    names = ["a.weight", "a.bias", "a.running_mean", "a.running_var", "b.weight", "b.bias", "c.weight"]
    state = {name: numbers(6) for name in names}
    assign_torch(model, state | {"a.num_batches_tracked": np.array(3)})
    for w, array in zip([w for layer in model.layers for w in layer.weights], state.values(), strict=True):
        np.testing.assert_array_equal(w.numpy(), array)


def test_other_dtypes_become_float32():
    model = sequential((2,), layers.Dense(2, name="d"))
    assign_torch(model, {"d.weight": np.array([[1, 2], [3, 4]]), "d.bias": np.array([1e300, 0.5])})
    assert model.get_weights()[0].tolist() == [[1, 3], [2, 4]]
    assert model.get_weights()[1].tolist() == [np.inf, 0.5]
    with pytest.raises(TypeError, match="needs numbers, got dtype complex128"):
        assign_torch(model, {"d.weight": np.zeros((2, 2)), "d.bias": np.zeros(2, complex)})


def as_torch_flattens(x):
    return np.moveaxis(x, -1, 1).reshape(len(x), -1)


def flattening(kind):
    """Models of images (3, 2, 4) that end in a Dense "d" upon flattened images, written in many ways."""
    a = layers.Input((3, 2, 4))
    d = layers.Dense(5, name="d")
    if kind == "sequential":
        return models.Sequential([a, layers.Flatten(), d])
    if kind == "layers between":
        return models.Sequential([a, layers.Flatten(), layers.Dropout(0.5), layers.Activation("linear"), d])
    if kind == "Reshape":
        return models.Sequential([a, layers.Reshape((-1,)), d])
    if kind == "ops.reshape":
        return models.Model(a, d(ops.reshape(a, (-1, 24))))
    if kind == "a model in a model":
        inner = models.Sequential([layers.Input((3, 2, 4)), layers.Flatten()])
        return models.Model(a, d(inner(a)))
    if kind == "deeper":
        inner = models.Sequential([layers.Input((3, 2, 4)), layers.Flatten(), d], name="classifier")
        return models.Model(a, inner(layers.Activation("linear")(a)))
    if kind == "sums":
        return models.Model(a, d(layers.Add()([layers.Flatten()(a), layers.Flatten()(a) * 0.0])))
    raise AssertionError(kind)


KINDS = ["sequential", "layers between", "Reshape", "ops.reshape", "a model in a model", "deeper", "sums"]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_after_flatten_are_sorted(kind):
    model = flattening(kind)
    weight, bias, x = numbers(5, 24), numbers(5), numbers(2, 3, 2, 4)
    assign_torch(model, {"d.weight": weight, "d.bias": bias})
    np.testing.assert_allclose(model(x).numpy(), as_torch_flattens(x) @ weight.T + bias, rtol=1e-5)


def test_batchnorm_between_flatten_and_dense():
    model = sequential((3, 2, 4), layers.Flatten(), layers.BatchNormalization(epsilon=1e-5, name="n"), layers.Dense(5, name="d"))  # fmt: skip
    state = {f"n.{leaf}": numbers(24) for leaf in ("weight", "bias", "running_mean", "running_var")}
    state |= {"d.weight": numbers(5, 24), "d.bias": numbers(5)}
    assign_torch(model, state)
    x = numbers(2, 3, 2, 4)
    row = (as_torch_flattens(x) - state["n.running_mean"]) / np.sqrt(state["n.running_var"] + 1e-5)
    row = row * state["n.weight"] + state["n.bias"]
    np.testing.assert_allclose(model(x).numpy(), row @ state["d.weight"].T + state["d.bias"], rtol=1e-4)


def test_sequences_are_flattened_too():
    model = sequential((3, 4), layers.Flatten(), layers.Dense(5, use_bias=False, name="d"))
    weight, x = numbers(5, 12), numbers(2, 3, 4)
    assign_torch(model, {"d.weight": weight})
    np.testing.assert_allclose(model(x).numpy(), as_torch_flattens(x) @ weight.T, rtol=1e-5)


def test_channels_first():
    model = sequential(
        (4, 3, 2), layers.Flatten(data_format="channels_first"), layers.Dense(5, use_bias=False, name="d")
    )
    weight, x = numbers(5, 24), numbers(2, 4, 3, 2)
    assign_torch(model, {"d.weight": weight})
    np.testing.assert_allclose(model(x).numpy(), x.reshape(2, -1) @ weight.T, rtol=1e-5)


def test_later_layers_and_pooled_maps_are_not_sorted():
    model = sequential((3, 2, 4), layers.Flatten(), layers.Dense(24, name="a"), layers.Dense(24, name="b"))
    state = {"a.weight": numbers(24, 24), "a.bias": numbers(24), "b.weight": numbers(24, 24), "b.bias": numbers(24)}
    assign_torch(model, state)
    np.testing.assert_array_equal(model.get_weights()[2], state["b.weight"].T)
    pooled = sequential((3, 2, 4), layers.GlobalAveragePooling2D(), layers.Dense(24, name="a"))
    assign_torch(pooled, {"a.weight": numbers(24, 4), "a.bias": numbers(24)})
    one = sequential((1, 1, 4), layers.Flatten(), layers.Dense(3, name="a"))
    assign_torch(one, {"a.weight": (w := numbers(3, 4)), "a.bias": numbers(3)})
    np.testing.assert_array_equal(one.get_weights()[0], w.T)


def test_an_order_that_cannot_be_told():
    a = layers.Input((3, 2, 4))
    both = layers.Concatenate()([layers.Flatten()(a), layers.Flatten()(a)])
    model = models.Model(a, layers.Dense(5, name="d")(both))
    with pytest.raises(ValueError, match="'d' gets flattened images, but not straight from Flatten"):
        assign_torch(model, {"d.weight": numbers(5, 48), "d.bias": numbers(5)})

    class Own(models.Model):
        def __init__(self):
            super().__init__(name="own")
            self.flat, self.d = layers.Flatten(), layers.Dense(5, name="d")

        def call(self, x):
            return self.d(self.flat(x))

    own = Own()
    own(numbers(1, 3, 2, 4))
    with pytest.raises(ValueError, match="'own' calls Flatten and Dense in its own code"):
        assign_torch(own, {"d.weight": numbers(5, 24), "d.bias": numbers(5)})


def small():
    return sequential((2,), layers.Dense(3, name="layer1.0.a"), layers.Dense(4, name="fc"))


def state():
    return {"layer1.0.a.weight": numbers(3, 2), "layer1.0.a.bias": numbers(3), "fc.weight": numbers(4, 3), "fc.bias": numbers(4)}  # fmt: skip


def test_what_does_not_fit_is_named_and_nothing_is_changed():
    model = small()
    before = model.get_weights()
    given = state() | {"fc.weight": numbers(10, 3), "layer2.weight": numbers(1)}
    del given["layer1.0.a.bias"]
    message = (
        r"^the state dict: the weights do not fit the model; nothing was loaded\.\n"
        r"  Missing in the file: layer1\.0\.a\.bias\n"
        r"  Not in the model: layer2\.weight\n"
        r"  Of another shape: fc\.weight has shape \(4, 3\) in the model \(in PyTorch's order\), the file has \(10, 3\)$"
    )
    with pytest.raises(ValueError, match=message):
        assign_torch(model, given)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assign_torch(model, given, skip_mismatch=True)
    np.testing.assert_array_equal(model.get_weights()[0], given["layer1.0.a.weight"].T)
    np.testing.assert_array_equal(model.get_weights()[2], before[2])
    np.testing.assert_array_equal(model.get_weights()[3], given["fc.bias"])


def test_other_names_give_a_hint():
    model = sequential((2,), layers.Dense(3))
    with pytest.raises(ValueError, match="No layer has a name of the file.*variant='torchvision'"):
        assign_torch(model, {"linear.weight": numbers(3, 2), "linear.bias": numbers(3)})


def test_a_layer_that_pytorch_does_not_have():
    model = sequential((5, 5, 2), layers.SeparableConv2D(3, 3, name="s"), layers.Conv2D(2, 1, name="c"))
    given = {"s.weight": numbers(3), "c.weight": numbers(2, 3, 1, 1), "c.bias": numbers(2)}
    with pytest.raises(NotImplementedError, match="layer 's' is a SeparableConv2D, which PyTorch has no module for"):
        assign_torch(model, given)
    assign_torch(model, given, skip_mismatch=True)
    np.testing.assert_array_equal(model.layers[1].get_weights()[1], given["c.bias"])
    wide = sequential((4, 5), layers.LayerNormalization(axis=[1, 2], name="n"))
    with pytest.raises(NotImplementedError, match="'n' normalises over several axes"):
        assign_torch(wide, {"n.weight": numbers(4, 5)})


def test_wrappers_helpers_and_missing_heads_are_no_matter():
    given = {f"module.{name}": a for name, a in state().items()}
    model = small()
    assign_torch(model, given)
    np.testing.assert_array_equal(model.get_weights()[3], given["module.fc.bias"])
    extra = state() | {"aux1.conv.weight": numbers(1), "AuxLogits.fc.weight": numbers(1), "classifier.1.weight": numbers(1)}  # fmt: skip
    assign_torch(small(), extra)
    body = sequential((2,), layers.Dense(3, name="layer1.0.a"))
    assign_torch(body, state())
    other = sequential((2,), layers.Dense(3, name="layer1.0.a"), layers.Dense(4, name="mine"))
    with pytest.raises(
        ValueError, match=r"Missing in the file: mine\.weight; mine\.bias\n  Not in the model: fc\.weight"
    ):
        assign_torch(other, extra)
    with_one = sequential((2,), layers.Dense(3, name="layer1.0.a"), layers.Dense(4, name="fc.0"))
    with pytest.raises(ValueError, match=r"Not in the model: fc\.weight; fc\.bias"):
        assign_torch(with_one, state())


def test_old_names_of_densenet():
    model = sequential((2,), layers.BatchNormalization(scale=False, name="features.denselayer12.norm1"))
    given = {f"features.denselayer12.norm.1.{leaf}": numbers(2) for leaf in ("bias", "running_mean", "running_var")}
    assign_torch(model, given)
    np.testing.assert_array_equal(model.get_weights()[0], given["features.denselayer12.norm.1.bias"])


def test_models_in_models():
    base = models.Sequential([layers.Input((2,)), layers.Dense(3, name="a")], name="base")
    model = sequential((2,), base, layers.Dense(4, name="fc"))
    given = {"a.weight": numbers(3, 2), "a.bias": numbers(3), "fc.weight": numbers(4, 3), "fc.bias": numbers(4)}
    assign_torch(model, given)
    np.testing.assert_array_equal(base.get_weights()[1], given["a.bias"])
    by_path = {f"base.{n}" if n[0] == "a" else n: a + 1 for n, a in given.items()}
    assign_torch(model, by_path)
    np.testing.assert_array_equal(base.get_weights()[1], given["a.bias"] + 1)
    twin = models.Sequential([layers.Input((3,)), layers.Dense(3, name="a")], name="twin")
    with pytest.raises(ValueError, match="two layers of the model are called 'a'"):
        assign_torch(sequential((2,), base, twin), given)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.weight", "a.bias", "b.running_mean", "b.running_var", "b.num_batches_tracked"], True),
        (["module.0.weight"], True),
        (["a/kernel", "a/bias"], False),
        (["a.0/kernel"], False),
        (["weight"], False),
        (["a.weight", "a.kernel"], False),
        ([], False),
    ],
)
def test_names_of_torch(names, expected):
    assert looks_like_torch(names) is expected


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "pytorch_model.bin", "old.PTH", "w.safetensors"])
def test_load_weights(tmp_path, name):
    given, path = state(), tmp_path / name
    content, rows = torch_files.described(given, name == "old.PTH")
    if path.suffix == ".safetensors":
        write_safetensors(path, given)
    else:
        path.write_bytes((torch_files.row_of_pickles if name == "old.PTH" else torch_files.archive)(content, rows))
    model = small()
    model.load_weights(path)
    np.testing.assert_array_equal(model.get_weights()[2], given["fc.weight"].T)
    with pytest.raises(ValueError, match=rf"{path.name}: the weights do not fit the model"):
        sequential((2,), layers.Dense(3, name="layer1.0.a"), layers.Dense(5, name="fc")).load_weights(path)
    with pytest.raises(ValueError, match="by_name is for Keras 2"):
        model.load_weights(path, by_name=True)


def test_own_safetensors_still_go_by_their_names(tmp_path):
    model, other = small(), small()
    model.save_weights(tmp_path / "w.safetensors")
    other.load_weights(tmp_path / "w.safetensors")
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))
