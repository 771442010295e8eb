"""Tensors, variables and symbolic tensors: what they hold, show and refuse."""

import copy
import pickle

import numpy as np
import pytest
from oprules import precise

from fastcnn import Input, Model, ops
from fastcnn.tensor import SymbolicTensor, Tensor, Variable, convert_to_tensor, is_tensor

VALUES = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
NO_NUMBERS = "a symbolic tensor has no numbers yet, only a shape"


@pytest.mark.parametrize("make", [Tensor, Variable])
def test_what_a_tensor_tells_of_itself(make):
    x = make(VALUES)
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 2), 2, 4, "float32", 2)
    assert np.array_equal(np.asarray(x), VALUES) and np.asarray(x, np.float64).dtype == np.float64
    assert [row.numpy().tolist() for row in x] == VALUES.tolist()
    assert x[1, 0].item() == 3 and float(x[0, 0]) == 1.0 and int(x[1, 1]) == 4
    assert is_tensor(x) and not is_tensor(VALUES)
    copied = np.array(x)
    copied[0, 0] = 9
    assert x.array[0, 0] == 1


def test_reading_a_tensor_is_no_way_to_write_it():
    x = Tensor(VALUES.copy())
    assert np.shares_memory(x.numpy(), x.array) and not x.numpy().flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0] = 1
    v = Variable(VALUES)
    v.numpy()[:] = 0
    v.value.array[:] = 0
    np.asarray(v)[:] = 0
    assert np.array_equal(v.numpy(), VALUES)


def test_the_operators():
    a, b = Tensor(np.array([1.0, 4.0], np.float32)), Variable([2.0, 2.0])
    for got, expected in [
        (a + b, [3, 6]),
        (a - b, [-1, 2]),
        (a * b, [2, 8]),
        (a / b, [0.5, 2]),
        (a**b, [1, 16]),
        (1 + a, [2, 5]),
        (1 - a, [0, -3]),
        (2 * a, [2, 8]),
        (4 / a, [4, 1]),
        (2**a, [2, 16]),
        (-a, [-1, -4]),
        (abs(-a), [1, 4]),
        (a @ b, 10),
        ([1.0, 1.0] @ a, 5),
        (a < b, [True, False]),
        (a <= b, [True, False]),
        (a > b, [False, True]),
        (a >= b, [False, True]),
        (a == b, [False, False]),
        (a != b, [True, True]),
        (a == 4, [False, True]),
        (a < 3, [True, False]),
        (a[1:], [4]),
    ]:
        assert isinstance(got, Tensor)
        assert got.numpy().tolist() == expected


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_operators_of_division_with_remainder(dtype):
    a = np.array([7, -7, 5], dtype)
    for x in (convert_to_tensor(a), Variable(a, dtype=dtype)):
        for result, expected in ((x // 2, a // 2), (x % 4, a % 4), (20 // x, 20 // a), (20 % x, 20 % a)):
            assert result.dtype == dtype
            np.testing.assert_array_equal(result.numpy(), expected)
    np.testing.assert_array_equal((a % convert_to_tensor(a + 2)).numpy(), a % (a + 2))
    x = Input((3,))
    assert Model(x, [x // 2, x % 4])(a[None])[1].numpy().tolist() == [[3.0, 1.0, 1.0]]


def test_equality_is_of_elements_and_hash_of_the_object():
    a, b = Tensor(VALUES), Tensor(VALUES)
    assert hash(a) != hash(b) and len({a, b}) == 2 and {a: 1}[a] == 1
    assert isinstance(a == b, Tensor)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(a == b)
    assert bool(Tensor(np.array(True))) and not bool(Tensor(np.array(0.0)))


def test_single_numbers():
    x = Tensor(np.float32(2.5).reshape(()))
    assert (float(x), int(x), x.item(), f"{x:.3f}", f"{x}") == (2.5, 2, 2.5, "2.500", "2.5")
    assert [10, 20, 30][Tensor(np.array(1))] == 20 and list(range(Tensor(np.array(2)))) == [0, 1]
    with pytest.raises(TypeError, match="a tensor of dtype float32 is no index"):
        [1, 2][x]
    with pytest.raises(TypeError, match="a tensor without dimensions cannot be iterated over"):
        iter(x)
    with pytest.raises(TypeError, match="len"):
        len(x)
    with pytest.raises(ValueError, match="size 1"):
        float(Tensor(VALUES))
    assert "shape=(2, 2)" in f"{Tensor(VALUES)}"


def test_repr():
    assert repr(Tensor(np.array([1.0], np.float32))) == "<Tensor shape=(1,), dtype=float32, numpy=[1.]>"
    assert len(repr(Tensor(np.zeros((100, 100), np.float32)))) < 400
    assert repr(Variable([1.0], name="w")) == "<Variable path=w, shape=(1,), dtype=float32>"
    assert repr(SymbolicTensor((None, 3))) == "<SymbolicTensor shape=(None, 3), dtype=float32>"
    assert repr(SymbolicTensor((2,), "int32", name="x")) == "<SymbolicTensor shape=(2,), dtype=int32, name=x>"


def test_dlpack():
    x = Tensor(VALUES.copy())
    assert np.array_equal(np.from_dlpack(x), VALUES) and x.__dlpack_device__()[0] == 1

    class Foreign:
        def __dlpack__(self, **kwargs):
            return VALUES.__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return VALUES.__dlpack_device__()

    assert np.array_equal(convert_to_tensor(Foreign()).numpy(), VALUES)


@pytest.mark.parametrize("make", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy, copy.copy])
def test_copies(make):
    x = make(Tensor(VALUES))
    assert isinstance(x, Tensor) and np.array_equal(x.numpy(), VALUES)
    v = Variable(VALUES, name="w", trainable=False)
    v.path = "layer/w"
    v.assign_add(VALUES)
    twin = make(v)
    assert np.array_equal(twin.numpy(), 2 * VALUES)
    assert (twin.name, twin.path, twin.trainable, twin.dtype, twin.version) == ("w", "layer/w", False, "float32", 1)


def test_deep_copies_are_independent():
    v = Variable(VALUES)
    twin = copy.deepcopy(v)
    v.assign(VALUES * 0)
    assert np.array_equal(twin.numpy(), VALUES)


# variables


def test_making_variables():
    assert Variable([1, 2]).dtype == "float32" and Variable([1, 2], dtype="int32").dtype == "int32"
    assert Variable(VALUES, dtype="float").dtype == "float32"
    assert Variable(Tensor(VALUES)).shape == (2, 2) and Variable(Variable(3.0)).numpy() == 3
    seen = []

    def initializer(shape, dtype):
        seen.append((shape, dtype))
        return Tensor(np.ones(shape, dtype))

    assert Variable(initializer, shape=[2, 3]).numpy().tolist() == [[1.0] * 3] * 2 and seen == [((2, 3), "float32")]
    v = Variable(1.0, regularizer=len, constraint=abs)
    assert v.regularizer is len and v.constraint is abs
    assert Variable(1.0).name != Variable(1.0).name and Variable(1.0, name="b").path == "b"
    source = VALUES.copy()
    v = Variable(source)
    source[:] = 0
    assert np.array_equal(v.numpy(), VALUES)
    with precise():
        assert Variable(1.0).dtype == "float64"


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4), (1, 1), (700, 300)])
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_matrices_begin_with_a_cache_line(shape, dtype):
    """And are copies, whatever order the numbers come in."""
    numbers = np.asfortranarray(np.arange(np.prod(shape)).reshape(shape).astype(dtype))
    v = Variable(numbers, dtype=dtype)
    assert v.array.ctypes.data % 64 == 0 and v.array.flags.c_contiguous and v.array.flags.writeable
    assert v.dtype == dtype and np.array_equal(v.array, numbers) and not np.shares_memory(v.array, numbers)
    v.assign(np.zeros(shape))
    assert not v.numpy().any() and (numbers.size < 2 or numbers.any())


def test_assigning():
    v = Variable(VALUES)
    array = v.array
    assert v.assign(VALUES * 2) is v and v.assign_add(Tensor(VALUES)) is v and v.assign_sub(Variable(VALUES)) is v
    assert np.array_equal(v.numpy(), VALUES * 2) and v.array is array and v.version == 3
    assert v.assign(VALUES.astype(np.float64)).dtype == "float32"
    n = Variable(1, dtype="int64")
    assert n.assign_add(2).item() == 3 and n.dtype == "int64"
    n.assign(2.9)
    assert n.item() == 2
    value = v.value
    v.assign(VALUES * 0)
    assert np.array_equal(value.numpy(), VALUES)


def test_trainable():
    v = Variable(1.0, trainable=False)
    assert v.trainable is False
    v.trainable = 1
    assert v.trainable is True
    v._layer_trainable = False
    assert v.trainable is False


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Variable(np.zeros), ValueError, "Variable needs a shape where its initializer is a function"),
        (
            lambda: Variable([1.0], shape=(2,), name="w"),
            ValueError,
            r"Variable 'w': expected an initial value of shape \(2,\), got \(1,\)",
        ),
        (lambda: Variable(1.0, name="a/b"), ValueError, "name must not contain '/', got 'a/b'"),
        (
            lambda: Variable([1.0], name="w").assign([1.0, 2.0]),
            ValueError,
            r"w: expected a value of shape \(1,\), got \(2,\)",
        ),
        (lambda: Variable([1.0], name="w").assign_add([1.0, 2.0]), ValueError, r"w: expected a value of shape \(1,\)"),
        (lambda: Variable([1.0], name="w").assign_sub([[1.0]]), ValueError, r"w: expected a value of shape \(1,\)"),
        (lambda: Variable([1.0], name="w").assign(["a"]), TypeError, "w: expected numbers, got dtype <U1"),
        (lambda: Variable([1.0], dtype="string"), TypeError, "string"),
        (lambda: Variable(["a"], name="w"), ValueError, "could not convert string to float"),
    ],
)
def test_wrong_variables(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_a_failed_assignment_changes_nothing():
    v = Variable([1.0])
    with pytest.raises(ValueError, match="expected a value of shape"):
        v.assign([1.0, 2.0])
    assert v.numpy().tolist() == [1.0] and v.version == 0


# symbolic tensors


@pytest.mark.parametrize(
    "look",
    [
        lambda x: x.numpy(),
        lambda x: x.array,
        np.asarray,
        float,
        int,
        bool,
        lambda x: [1, 2][x],
        lambda x: x.item(),
    ],
)
def test_a_symbol_has_no_numbers(look):
    with pytest.raises(TypeError, match=NO_NUMBERS):
        look(SymbolicTensor((1,)))


def test_what_a_symbol_has():
    x = SymbolicTensor([None, 3], "int32", name="x")
    assert (x.shape, x.ndim, x.dtype, x.name, x.node, x.index) == ((None, 3), 2, "int32", "x", None, 0)
    assert len(SymbolicTensor((2, 3))) == 2 and [t.shape for t in SymbolicTensor((2, 3))] == [(3,), (3,)]
    for look in (len, list):
        with pytest.raises(TypeError, match="the number of samples of a symbolic tensor is not known"):
            look(x)
    assert is_tensor(x) and hash(x) == id(x)
    y = SymbolicTensor((None, 3)) * 2.0
    assert isinstance(y, SymbolicTensor) and y.node.outputs[0] is y and y.node.operation.name == "multiply"


# conversion


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.0, "float32"),
        (1, "int32"),
        (2**40, "int64"),
        (True, "bool"),
        ([1, 2], "int32"),
        ([1, 2.0], "float32"),
        ([True, False], "bool"),
        (np.float64(1.0), "float32"),
        (np.float16(1.0), "float32"),
        (np.arange(3), "int64"),
        (np.int64(1), "int64"),
        (np.zeros(2, np.uint8), "uint8"),
        (np.zeros(2), "float32"),
        ([], "float32"),
        (range(3), "int32"),
    ],
)
def test_dtypes_of_what_is_converted(value, dtype):
    x = convert_to_tensor(value)
    assert x.dtype == dtype
    assert np.array_equal(x.numpy(), np.asarray(value))
    with precise():
        assert convert_to_tensor(value).dtype == dtype.replace("float32", "float64")
    assert convert_to_tensor(value, "float").dtype == "float32"
    assert convert_to_tensor(value, "int64").dtype == "int64"


def test_what_is_a_tensor_already_stays():
    x, s, v = Tensor(VALUES), SymbolicTensor((2,)), Variable(VALUES)
    assert convert_to_tensor(x) is x and convert_to_tensor(x, "float32") is x and convert_to_tensor(s) is s
    assert convert_to_tensor(x, "float") is x and convert_to_tensor(s, "float") is s
    assert convert_to_tensor(x, "int32").dtype == "int32" and convert_to_tensor(s, "int32").dtype == "int32"
    y = convert_to_tensor(v)
    v.assign(VALUES * 0)
    assert isinstance(y, Tensor) and np.array_equal(y.numpy(), VALUES)
    assert convert_to_tensor(v, "float64").dtype == "float64"
    assert np.shares_memory(convert_to_tensor(VALUES).array, VALUES)


def test_lists_of_tensors_are_stacked():
    x = convert_to_tensor([Tensor(VALUES[0]), Variable(VALUES[1])])
    assert np.array_equal(x.numpy(), VALUES)
    assert convert_to_tensor([SymbolicTensor((3,)), SymbolicTensor((3,))]).shape == (2, 3)
    assert convert_to_tensor([Tensor(VALUES[0]), [5.0, 6.0]]).shape == (2, 2)


@pytest.mark.parametrize("value", ["word", ["a", "b"], None, [None], 1j, object()])
def test_no_numbers(value):
    with pytest.raises(TypeError, match="a tensor must hold numbers, got dtype .*: "):
        convert_to_tensor(value)
    for dtype in ("float", "float32", "int32"):
        with pytest.raises(TypeError, match="a tensor must hold numbers, got dtype .*: "):
            convert_to_tensor(value, dtype)


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(TypeError, match=r"got dtype <U\d+: 'aaa.*\.\.\.$") as caught:
        convert_to_tensor("a" * 500)
    assert len(str(caught.value)) < 140


def test_ops_take_what_convert_takes():
    assert ops.add([1.0, 2.0], (1, 2)).numpy().tolist() == [2.0, 4.0]


def test_scalars_of_any_operation_are_arrays():
    a, n = convert_to_tensor(2.0), convert_to_tensor(3)
    for t in (
        a > 1.0,
        ops.equal(n, 3),
        ops.isnan(a),
        n + 1,
        n * n,
        -n,
        abs(n),
        ops.maximum(n, 1),
        ops.logical_not(a > 1.0),
    ):
        assert isinstance(t.numpy(), np.ndarray) and t.numpy().shape == () and not t.numpy().flags.writeable
