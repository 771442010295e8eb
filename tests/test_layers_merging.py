"""Layers over several tensors."""

import json

import numpy as np
import pytest

from fastcnn import GradientTape, Input, layers, ops

RNG = np.random.default_rng(9)
A, B, C = (RNG.integers(-9, 10, (2, 3, 4)).astype(np.float32) for _ in range(3))

THREE = [
    ("Add", A + B + C),
    ("Multiply", A * B * C),
    ("Average", (A + B + C) / np.float32(3)),
    ("Maximum", np.maximum(A, np.maximum(B, C))),
    ("Minimum", np.minimum(A, np.minimum(B, C))),
    ("Concatenate", np.concatenate([A, B, C], -1)),
]


@pytest.mark.parametrize("name, expected", THREE)
def test_three_tensors(name, expected):
    layer = getattr(layers, name)()
    y = layer([A, B, C])
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6)
    np.testing.assert_array_equal(getattr(layers, name.lower())([A, B, C]).numpy(), y.numpy())
    assert layer.compute_output_shape([x.shape for x in (A, B, C)]) == y.shape
    assert layer([Input((3, 4))] * 3).shape == (None, *y.shape[1:])


def test_two_tensors():
    np.testing.assert_array_equal(layers.Subtract()([A, B]).numpy(), A - B)
    np.testing.assert_array_equal(layers.subtract([A, B]).numpy(), A - B)
    np.testing.assert_array_equal(layers.concatenate([A, B], axis=1).numpy(), np.concatenate([A, B], 1))
    np.testing.assert_array_equal(layers.Add()([A]).numpy(), A)


@pytest.mark.parametrize(
    "name, f", [("Add", np.add), ("Multiply", np.multiply), ("Maximum", np.maximum), ("Subtract", np.subtract)]
)
def test_sizes_of_one_and_missing_axes_broadcast(name, f):
    layer = getattr(layers, name)()
    row, one = A[:, 0], A[:, :, :1]
    np.testing.assert_array_equal(layer([B, one]).numpy(), f(B, one))
    np.testing.assert_array_equal(layer([B, row]).numpy(), f(B, row[:, None]))
    np.testing.assert_array_equal(layer([row, B]).numpy(), f(row[:, None], B))
    assert layer.compute_output_shape([(None, 4), (2, 3, 4)]) == (2, 3, 4)
    assert layer.compute_output_shape([(None, 1, 4), (None, None, 4)]) == (None, None, 4)


def test_bytes_are_added_as_floats():
    x = np.full((1, 2), 200, np.uint8)
    for name, expected in (("Add", 400), ("Subtract", 0), ("Multiply", 40000), ("Average", 200), ("Maximum", 200)):
        y = getattr(layers, name)()([x, x])
        assert (y.dtype, y.numpy().tolist()) == ("float32", [[expected, expected]])
    assert layers.Dot(1)([x, x]).numpy().tolist() == [[80000.0]]


DOTS = [
    (1, A[:, 0], B[:, 0], np.einsum("nk,nk->n", A[:, 0], B[:, 0])[:, None]),
    (-1, A[:, 0], B[:, 0], np.einsum("nk,nk->n", A[:, 0], B[:, 0])[:, None]),
    (2, A, B, np.einsum("nak,nbk->nab", A, B)),
    (1, A, B, np.einsum("nka,nkb->nab", A, B)),
    ((2, 1), A, B.transpose(0, 2, 1), np.einsum("nak,nbk->nab", A, B)),
    ([1, 2], A, B[:, :, :3], np.einsum("nka,nbk->nab", A, B[:, :, :3])),
    ((1, 1), A, B[:, :, 0], np.einsum("nka,nk->na", A, B[:, :, 0])),
    ((1, 2), A[:, 0], B, np.einsum("nk,nbk->nb", A[:, 0], B)),
    ((3, 1), A.reshape(2, 2, 3, 2), B.reshape(2, 2, 2, 3), np.einsum("nabk,nkcd->nabcd", A.reshape(2, 2, 3, 2), B.reshape(2, 2, 2, 3))),
]  # fmt: skip


@pytest.mark.parametrize("axes, a, b, expected", DOTS, ids=lambda v: str(v) if not isinstance(v, np.ndarray) else "")
def test_dot(axes, a, b, expected):
    layer = layers.Dot(axes)
    y = layer([a, b])
    np.testing.assert_array_equal(y.numpy(), expected)
    np.testing.assert_array_equal(layers.dot([a, b], axes).numpy(), expected)
    assert layer.compute_output_shape([a.shape, b.shape]) == expected.shape
    assert layer([Input(a.shape[1:]), Input(b.shape[1:])]).shape == (None, *expected.shape[1:])


def test_normalized_dot_is_the_cosine():
    a, b = A[:, 0], B[:, 0]
    expected = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    np.testing.assert_allclose(layers.Dot(1, normalize=True)([a, b]).numpy()[:, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(layers.Dot(-1, normalize=True)([a, 3 * a]).numpy(), 1, rtol=1e-5)
    assert layers.Dot(1, normalize=True)([0 * a, b]).numpy().tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"])
def test_configs_have_the_keys_of_keras_and_survive_json(name):
    own = {"Concatenate": {"axis": 1}, "Dot": {"axes": (2, 2), "normalize": True}}.get(name, {})
    layer = getattr(layers, name)(**own)
    config = layer.get_config()
    assert set(config) == {"name", "trainable", "dtype", *own}
    again = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    np.testing.assert_array_equal(again([A, B]).numpy(), layer([A, B]).numpy())


@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
def test_gradients_reach_all_inputs(name):
    inputs = [ops.convert_to_tensor(x) for x in (A, B)]
    with GradientTape() as tape:
        tape.watch(inputs)
        loss = ops.sum(getattr(layers, name)()(inputs) * ops.convert_to_tensor(np.float32(3)))
    a, b = (g.numpy() for g in tape.gradient(loss, inputs))
    larger = (A > B) + (A == B) * 0.5
    expected = {
        "Add": (3, 3), "Subtract": (3, -3), "Multiply": (3 * B, 3 * A), "Average": (1.5, 1.5), "Concatenate": (3, 3),
    }.get(name)  # fmt: skip
    if expected is not None:
        np.testing.assert_array_equal(a, np.broadcast_to(np.float32(expected[0]), A.shape))
        np.testing.assert_array_equal(b, np.broadcast_to(np.float32(expected[1]), A.shape))
    else:
        apart = A != B
        larger = larger if name == "Maximum" else 1 - larger
        np.testing.assert_array_equal(a[apart], 3 * larger[apart])
        np.testing.assert_array_equal(a + b, np.full(A.shape, 3.0))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.Add(name="a")(A), "Add 'a': expected a list of tensors, got one of shape (2, 3, 4)"),
        (lambda: layers.Concatenate(name="a")(A), "Concatenate 'a': expected a list of tensors, got one of shape (2, 3, 4)"),
        (lambda: layers.Dot(1, name="a")(A), "Dot 'a': expected a list of tensors, got one of shape (2, 3, 4)"),
        (lambda: layers.Add(name="a")([A, B[:1]]), "Add 'a': the batch sizes differ: [(2, 3, 4), (1, 3, 4)]"),
        (lambda: layers.Add(name="a")([A, B[:, :2]]), "Add 'a': the shapes [(2, 3, 4), (2, 2, 4)] do not fit together"),
        (lambda: layers.Subtract(name="a")([A, B, C]), "Subtract 'a': expected 2 tensors, got 3"),
        (lambda: layers.Dot(1, name="a")([A, B, C]), "Dot 'a': expected 2 tensors, got 3"),
        (lambda: layers.Dot((1, 2), name="a")([A, B]), "Dot 'a': axis 1 of (2, 3, 4) has size 3, axis 2 of (2, 3, 4) has size 4"),
        (lambda: layers.Dot(3, name="a")([A, B]), "Dot 'a': axes 3 are no axes of the shapes (2, 3, 4) and (2, 3, 4)"),
        (lambda: layers.Dot(0), "axes must not hold 0, the batch, got 0"),
        (lambda: layers.Dot((1, 2, 3)), "axes must be an int or two of them, got (1, 2, 3)"),
        (lambda: layers.Dot("last"), "axes must be an int or two of them, got 'last'"),
        (lambda: layers.Concatenate(name="a")([A, B[:, :2]]), "Concatenate 'a': the shapes [(2, 3, 4), (2, 2, 4)] differ along axis 1, not only along axis 2"),
        (lambda: layers.Concatenate(3, name="a")([A, B]), "Concatenate 'a': the shapes [(2, 3, 4), (2, 3, 4)] have no common axis 3"),
        (lambda: layers.Concatenate(name="a")([A, B[:, 0]]), "Concatenate 'a': the shapes [(2, 3, 4), (2, 4)] have no common axis -1"),
        (lambda: layers.Add(name="a").build([]), "Add 'a': expected a list of at least 1 tensor, got none"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
