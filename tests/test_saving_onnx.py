"""ONNX files: what is read, what is refused, which operation's weights go to which layer."""

import struct

import numpy as np
import pytest
import torch_files as t
from torch_files import field, onnx_node

from fastcnn import layers, models
from fastcnn.saving import FileFormatError
from fastcnn.saving.onnx_file import read_onnx

RNG = np.random.default_rng(0)


def numbers(*shape):
    return RNG.random(shape, np.float32)


def written(path, *args, **kwargs):
    path.write_bytes(t.onnx(*args, **kwargs))
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "m.onnx"


def proto(kind, *parts, name="w", shape=(3,)):
    """A TensorProto with fields of one's own."""
    return b"".join(field(1, n) for n in shape) + field(2, kind) + field(8, name) + b"".join(parts)


def test_arrays_of_every_kind(file):
    arrays = {k: (10 * RNG.random((2, 3))).astype(k) for k in t.KINDS}
    got = read_onnx(written(file, arrays)).arrays
    assert list(got) == list(arrays)
    for name, a in arrays.items():
        np.testing.assert_array_equal(got[name], a)
        assert got[name].dtype == a.dtype


def packed(*values):
    return b"".join(map(t.varint, values))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (proto(1, field(4, struct.pack("<3f", 1, 2, 3))), [1, 2, 3]),
        (proto(1, *(t.varint(4 << 3 | 5) + struct.pack("<f", x) for x in (1, 2, 3))), [1, 2, 3]),
        (proto(11, field(10, struct.pack("<3d", 1, 2, 3))), [1, 2, 3]),
        (proto(7, field(7, packed(1, -2, 2**40))), [1, -2, 2**40]),
        (proto(7, field(7, 1), field(7, -2), field(7, 3)), [1, -2, 3]),
        (proto(6, field(5, packed(1, -2, 3))), [1, -2, 3]),
        (proto(9, field(5, packed(1, 0, 1))), [True, False, True]),
        (proto(10, field(5, packed(0x3C00, 0xC000, 0x7C00))), [1, -2, np.inf]),
        (proto(16, field(5, packed(0x3F80, 0xC000, 0x7F80))), [1, -2, np.inf]),
        (proto(16, field(9, struct.pack("<3H", 0x3F80, 0xC000, 0x7F80))), [1, -2, np.inf]),
        (proto(1, field(9, b""), shape=(0,)), []),
        (proto(1, shape=(0,)), []),
        (proto(1, field(9, struct.pack("<f", 5)), shape=()), 5),
        (proto(1, field(14, 0), field(9, struct.pack("<f", 5)), shape=()), 5),
        (field(1, packed(3)) + field(2, 2) + field(8, "w") + field(9, b"\1\2\3"), [1, 2, 3]),
    ],
)
def test_where_numbers_lie(file, message, expected):
    np.testing.assert_array_equal(read_onnx(written(file, {"w": message})).arrays["w"], expected)


def test_nodes_and_constants(file):
    nodes = [onnx_node("Conv", ["x", "w"], ["y"], group=3), onnx_node("Constant", [], ["c"], value=t.onnx_array("", np.ones(2)))]  # fmt: skip
    graph = read_onnx(written(file, {"w": numbers(2, 2)}, nodes, ("y", "z")))
    assert graph.nodes == [("Conv", ("x", "w"), ("y",), {"group": [3]})]
    assert graph.outputs == ["y", "z"]
    np.testing.assert_array_equal(graph.arrays["c"], [1, 1])


W = np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "must have one graph"),
        (field(7, b"") * 2, "must have one graph"),
        (field(7, 5), "must have one graph"),
        (b"\x0b", "kind 3"),
        (b"\x3a\x05\0", "field 7 claims 5 bytes, 1 are left"),
        (b"\x3a" + b"\xff" * 9 + b"\1", "claims 18446744073709551615 bytes"),
        (b"\x3a" + b"\xff" * 12, "more than ten bytes"),
        (b"\x08\x80", "cut off"),
        (b"\x02\x00", "field 0 claims"),
        (field(7, field(5, 3)), "a number where a message must be"),
        (field(7, field(1, 3)), "a number where a message must be"),
        (field(7, field(15, b"")), "sparse arrays"),
        (field(7, field(1, field(1, b"\xff"))), "a name is no text"),
        (field(7, field(1, field(4, 3))), "a name is no text"),
        (field(7, field(1, field(4, "x" * 5000))), "too long"),
        (t.onnx({"w": proto(1, field(13, b""))}), "'w' lie in parts or in another file"),
        (t.onnx({"w": proto(1, field(14, 1))}), "'w' lie in parts or in another file"),
        (t.onnx({"w": proto(1, field(3, b""))}), "'w' lie in parts or in another file"),
        (t.onnx({"w": proto(8, field(6, b"text"))}), "'w' has data type 8"),
        (t.onnx({"w": proto(17, field(9, b"123"))}), "data type 17"),
        (t.onnx({"w": proto(1, field(9, W.tobytes()), shape=(4,))}), r"'w' of shape \[4\] has 4 numbers, not 3"),
        (t.onnx({"w": proto(1, field(9, W.tobytes()), shape=(2**39, 2**39))}), "numbers, not 3"),
        (t.onnx({"w": proto(1, field(9, W.tobytes()), shape=(-3,))}), r"has the shape \[-3\]"),
        (t.onnx({"w": proto(1, field(9, W.tobytes()), shape=(1,) * 40)}), "has the shape"),
        (t.onnx({"w": proto(1, field(9, b"12345"))}), "no whole number of values"),
        (t.onnx({"w": proto(1, field(9, W.tobytes()), field(4, W.tobytes()))}), "has its numbers twice"),
        (t.onnx({"w": proto(11, field(4, W.tobytes()))}), "a field for others"),
        (t.onnx({"w": proto(1, field(7, packed(1, 2, 3)))}), "a field for others"),
        (t.onnx({"w": proto(6, field(7, packed(1, 2, 3)))}), "a field for others"),
        (t.onnx({"w": proto(3, field(5, packed(1, 2, 300)))}), "numbers that its data type cannot hold"),
        (t.onnx({"w": proto(9, field(9, b"\0\1\2"))}), "neither 0 nor 1"),
        (t.onnx({"w": proto(9, field(5, packed(0, 1, 2)))}), "cannot hold|neither 0 nor 1"),
        (t.onnx({"w": proto(7, field(7, b"\0" * 70_000))}), "longer than 65536"),
        (field(7, field(5, t.onnx_array("w", W)) * 2), "two arrays called 'w'"),
        (field(7, b"\x30\0" * 600_000), "a field asks for"),
        (bytes([7 << 3 | 3]), "field 7 is of kind 3, which ONNX does not use"),
        (bytes([7 << 3 | 2, 100, 0]), "field 7 claims 100 bytes, 1 are left"),
    ],
)  # fmt: skip
def test_refused(file, data, message):
    file.write_bytes(data)
    with pytest.raises(FileFormatError, match=message):
        read_onnx(file)


def test_views_of_the_file_take_no_memory_of_their_own(file):
    big = numbers(1 << 20)
    got = read_onnx(written(file, {"a": big, "b": big})).arrays
    assert not got["a"].flags.owndata
    np.testing.assert_array_equal(got["b"], big)


def parallel():
    """Two branches of the same shape: only the arguments of their union tell which is which."""
    a = layers.Input((4, 4, 2))
    x = layers.Conv2D(3, 1, name="one")(a)
    y = layers.Conv2D(3, 1, name="two")(a)
    both = layers.Flatten()(layers.Concatenate()([x, y]))
    return models.Model(a, layers.Dense(5, name="end")(both))


def parallel_file(path, gemm=True, swapped=False):
    arrays = {"w1": numbers(3, 2, 1, 1), "b1": numbers(3), "w2": numbers(3, 2, 1, 1), "b2": numbers(3), "w3": numbers(5, 96), "b3": numbers(5)}  # fmt: skip
    one, two = onnx_node("Conv", ["x", "w1", "b1"], ["c1"]), onnx_node("Conv", ["x", "w2", "b2"], ["c2"])
    nodes = [two, one] if swapped else [one, two]
    nodes += [onnx_node("Concat", ["c1", "c2"], ["c"], axis=1), onnx_node("Flatten", ["c"], ["f"])]
    if gemm:
        nodes += [onnx_node("Gemm", ["f", "w3", "b3"], ["y"], transB=1)]
    else:
        nodes += [onnx_node("Reshape", ["t3", "s"], ["m3"]), onnx_node("MatMul", ["f", "m3"], ["p"]), onnx_node("Add", ["b31", "p"], ["y"])]  # fmt: skip
        arrays |= {"t3": np.ascontiguousarray(arrays["w3"].T).reshape(6, 4, 4, 5), "s": np.array([96, 5]), "b31": arrays["b3"][None]}  # fmt: skip
    return written(path, arrays, nodes), arrays


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("gemm", [False, True])
def test_by_the_order_of_use(file, gemm, swapped):
    path, a = parallel_file(file, gemm, swapped)
    model = parallel()
    model.load_weights(path)
    x = numbers(2, 4, 4, 2)
    branches = [np.einsum("nhwc,oc->nohw", x, a[f"w{i}"][:, :, 0, 0]) + a[f"b{i}"][:, None, None] for i in (1, 2)]
    expected = np.concatenate(branches, 1).reshape(2, -1) @ a["w3"].T + a["b3"]
    np.testing.assert_allclose(model(x).numpy(), expected, rtol=1e-4)


def test_every_operation_with_weights(file):
    arrays = {"n": numbers(4), "p": numbers(2, 1, 1), "t": numbers(2, 3, 2, 2), "d": numbers(6, 1, 3, 3), "g": numbers(6, 5)}  # fmt: skip
    nodes = [
        onnx_node("BatchNormalization", ["x", "n2", "n2", "n2", "n2"], ["a"]),
        onnx_node("PRelu", ["a", "p"], ["b"]),
        onnx_node("ConvTranspose", ["b", "t"], ["c"]),
        onnx_node("Conv", ["c", "d"], ["e"], group=3),
        onnx_node("GlobalAveragePool", ["e"], ["f"]),
        onnx_node("Gemm", ["f", "g"], ["y"], transB=0),
        onnx_node("Identity", ["n"], ["n1"]),
        onnx_node("Reshape", ["n1", "s"], ["n2"]),
    ]
    arrays |= {"n": numbers(2), "s": np.array([-1])}
    model = models.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.BatchNormalization(),
            layers.PReLU(shared_axes=[1, 2]),
            layers.Conv2DTranspose(3, 2, use_bias=False),
            layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, use_bias=False),
        ]
    )
    model.load_weights(written(file, arrays, nodes))
    got = model.get_weights()
    np.testing.assert_array_equal(got[0], arrays["n"])
    np.testing.assert_array_equal(got[4][0, 0], arrays["p"].ravel())
    np.testing.assert_array_equal(got[5], arrays["t"].transpose(2, 3, 1, 0))
    np.testing.assert_array_equal(got[7], arrays["g"])


def test_by_names_of_pytorch(file):
    model = models.Sequential([layers.Input((2,)), layers.Dense(3, name="a"), layers.Dense(4, name="b")])
    arrays = {"b.weight": numbers(4, 3), "b.bias": numbers(4), "a.weight": numbers(3, 2), "a.bias": numbers(3), "shape": np.array([1])}  # fmt: skip
    model.load_weights(written(file, arrays))
    np.testing.assert_array_equal(model.get_weights()[2], arrays["b.weight"].T)


def test_a_model_without_the_top(file):
    path, a = parallel_file(file)
    whole = parallel()
    body = models.Model(whole.input, whole.get_layer("one").output)
    body.load_weights(path)
    np.testing.assert_array_equal(body.get_weights()[1], a["b1"])


def test_what_does_not_fit(file):
    path, a = parallel_file(file)
    other = models.Sequential([layers.Input((4, 4, 2)), layers.Conv2D(3, 1), layers.Conv2D(7, 1, name="mine")])
    before = other.get_weights()
    message = r"operation 1 with weights is a Conv with weight \(3, 2, 1, 1\), bias \(3,\), the model's layer 'mine' has weight \(7, 3, 1, 1\)"  # fmt: skip
    with pytest.raises(ValueError, match=message):
        other.load_weights(path)
    assert all(np.array_equal(x, y) for x, y in zip(before, other.get_weights(), strict=True))
    with pytest.warns(UserWarning, match="weights stay as they are, for the file lacks them"):
        other.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[1], a["b1"])
    np.testing.assert_array_equal(other.get_weights()[2], before[2])
    long = models.Sequential([layers.Input((4, 4, 2)), *(layers.Conv2D(3, 1) for _ in range(4))])
    with pytest.raises(ValueError, match="the model has 4 layers with weights, the file 3 operations"):
        long.load_weights(path)
    folded = models.Sequential([layers.Input((4, 4, 2)), *(f() for f in (lambda: layers.Conv2D(3, 1, use_bias=False), layers.BatchNormalization) * 2)])  # fmt: skip
    with pytest.raises(ValueError, match="BatchNormalization was merged into the convolutions"):
        folded.load_weights(path)

    class Own(models.Model):
        def __init__(self):
            super().__init__(name="own")
            self.d = layers.Dense(5)

        def call(self, x):
            return self.d(x)

    own = Own()
    own(numbers(1, 3))
    with pytest.raises(ValueError, match="'own' is neither"):
        own.load_weights(path)


def test_models_in_models_and_shared_layers(file):
    shared = layers.Dense(3, name="s")
    a = layers.Input((3,))
    inner = models.Sequential([layers.Input((3,)), layers.Dense(4, name="i")])
    model = models.Model(a, layers.Dense(2, name="e")(inner(shared(shared(a)))))
    arrays = {"w0": numbers(3, 3), "b0": numbers(3), "w1": numbers(4, 3), "b1": numbers(4), "w2": numbers(2, 4), "b2": numbers(2)}  # fmt: skip
    names = ["x", "h", "i", "y"]
    nodes = [onnx_node("Gemm", [names[i], f"w{i}", f"b{i}"], [names[i + 1]], transB=1) for i in range(3)]
    model.load_weights(written(file, arrays, nodes))
    np.testing.assert_array_equal(inner.get_weights()[0], arrays["w1"].T)
    np.testing.assert_array_equal(model.get_layer("e").get_weights()[1], arrays["b2"])
