"""Any array-like is taken, as the contiguous float32 array of the same numbers would be, and none is written to."""

import tempfile
from collections.abc import Callable
from typing import Any

import calls
import numpy as np
import pytest

from fastcnn import kernels

Array = calls.Array


class Subclass(np.ndarray):  # type: ignore[type-arg]
    pass


class OnlyDLPack:
    """What another library's array looks like that is no NumPy array."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def negative_strides(a: Array) -> Array:
    reverse = (slice(None, None, -1),) * a.ndim
    return np.ascontiguousarray(a[reverse])[reverse] if a.ndim else a


def sliced(a: Array) -> Array:
    """Every other element of something larger, along every axis."""
    large = np.full([2 * d + 1 for d in a.shape], 99, a.dtype)
    view = large[(*(slice(1, None, 2) for _ in a.shape), ...)]
    view[...] = a
    return view


def broadcast(a: Array) -> Array:
    """Stride 0 along the first axis: all of it is its first entry."""
    return np.broadcast_to(a[:1], a.shape) if a.ndim and a.size else a


def misaligned(a: Array) -> Array:
    memory = np.empty(a.nbytes + 1, np.uint8)
    view = memory[1:].view(a.dtype).reshape(a.shape)
    view[...] = a
    return view


def read_only(a: Array) -> Array:
    copy = a.copy()
    copy.flags.writeable = False
    return copy


def memmap(a: Array) -> Any:
    if not a.size:
        return a
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, a.dtype, "w+", shape=a.shape or (1,))
    mapped[...] = a
    return mapped if a.ndim else mapped[0]


WAYS: dict[str, Callable[[Array], Any]] = {
    "fortran": lambda a: np.asfortranarray(a) if a.ndim else a,
    "negative strides": negative_strides,
    "sliced": sliced,
    "broadcast": broadcast,
    "misaligned": misaligned,
    "read-only": read_only,
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "little-endian": lambda a: a.astype(a.dtype.newbyteorder("<")),
    "memmap": memmap,
    "subclass": lambda a: a.copy().view(Subclass),
    "list": lambda a: a.tolist(),
    "dlpack": OnlyDLPack,
    "float64": lambda a: a.astype(np.float64),
    "float16": lambda a: a.astype(np.float16),
    "longdouble": lambda a: a.astype(np.longdouble),
    **{t: lambda a, t=t: a.astype(t) for t in ("int8", "int16", "int32", "int64")},
    "uint8": lambda a: np.abs(a).astype(np.uint8),
    "uint64": lambda a: np.abs(a).astype(np.uint64),
    "bool": lambda a: a != 0,
}

REFUSED: dict[str, Callable[[Array], Any]] = {
    "masked": np.ma.masked_array,
    "complex": lambda a: a.astype(np.complex64),
    "text": lambda a: a.astype("U8"),
    "bytes": lambda a: a.astype("S8"),
    "objects": lambda a: a.astype(object),
    "dates": lambda a: np.zeros(a.shape, "M8[s]"),
    "records": lambda a: np.zeros(a.shape, [("a", "f4"), ("b", "i4")]),
}


def read(name: str, given: calls.Arguments) -> list[str]:
    """The arguments that are arrays, or lists of them, and are only read."""
    found = []
    calls.map_arrays(given, lambda key, _: found.append(key))
    return [key for key in dict.fromkeys(found) if key not in calls.written(name)]


def plain(value: Any, like: Array) -> Array:
    """The contiguous array of the same numbers; an array of integers stays one, flags stay flags."""
    array = np.from_dlpack(value) if isinstance(value, OnlyDLPack) else np.asarray(value)
    return np.require(array, like.dtype, ["C", "A", "O"]).copy()


def content(value: Any) -> bytes:
    if isinstance(value, OnlyDLPack):
        value = value.array
    return value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()


def suits(way: str, name: str, a: Array) -> bool:
    """Whether the array may come in that way: integers (indices, labels, bytes) must stay what they are."""
    if name == "image" and way in ("list", "uint8"):  # only arrays can be bytes, and bytes stay so
        return False
    if a.dtype == np.float32:
        return True
    integral = way in ("fortran", "sliced", "misaligned", "read-only", "negative strides", "subclass", "memmap", "list")
    return integral or (way.startswith(("int", "big", "little")) and a.dtype != np.uint8)


@pytest.mark.parametrize("name", calls.CALLS)
def test_any_array(name: str) -> None:
    for seed in range(3):
        if not read(name, calls.arguments(name, seed)):
            return  # it reads no arrays
        for way, make in WAYS.items():
            given = calls.arguments(name, seed)
            chosen = read(name, given)
            unusual = calls.map_arrays(
                given,
                lambda key, a: make(a) if key in chosen and suits(way, key, a) else a.copy(),  # noqa: B023
            )
            usual = dict(unusual)
            for key in chosen:
                if isinstance(given[key], list):
                    usual[key] = [plain(value, a) for value, a in zip(unusual[key], given[key], strict=True)]
                else:
                    usual[key] = plain(unusual[key], given[key])
            for key in calls.written(name) & given.keys():
                if isinstance(given[key], np.ndarray):
                    usual[key], unusual[key] = given[key].copy(), given[key].copy()
            before = {
                key: [content(v) for v in (unusual[key] if isinstance(given[key], list) else [unusual[key]])]
                for key in chosen
            }
            with np.errstate(all="ignore"):
                expected = list(calls.results(calls.call(name, usual)))
                got = list(calls.results(calls.call(name, unusual)))
            for a, b in zip(got, expected, strict=True):
                assert type(a) is np.ndarray, f"{way}: a {type(a).__name__} came out"
                assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), f"{way}, seed {seed}"
            for key in calls.written(name) & given.keys():
                if isinstance(given[key], np.ndarray):
                    assert unusual[key].tobytes() == usual[key].tobytes(), f"{way}, seed {seed}: {key}"
            after = {
                key: [content(v) for v in (unusual[key] if isinstance(given[key], list) else [unusual[key]])]
                for key in chosen
            }
            assert after == before, f"{way}, seed {seed}: an input was written to"


@pytest.mark.parametrize("name", calls.CALLS)
def test_refused_arrays(name: str) -> None:
    for way, make in REFUSED.items():
        for key in read(name, calls.arguments(name, 0)):
            given = calls.arguments(name, 0)
            value = given[key]
            given[key] = [make(value[0]), *value[1:]] if isinstance(value, list) else make(value)
            with pytest.raises(TypeError, match=rf"^{key}\b") as raised:
                calls.call(name, given)
            assert "must" in str(raised.value), way


def shifted(a: Array) -> tuple[Array, Array]:
    """Two views of one memory that overlap in all but one element."""
    memory = np.empty(a.size + 1, a.dtype)
    first, second = memory[:-1].reshape(a.shape), memory[1:].reshape(a.shape)
    first[...] = a
    return first, second


@pytest.mark.parametrize("name", [name for name in calls.CALLS if "out" in calls.parameters(name)])
def test_out_that_overlaps(name: str) -> None:
    """`out` one element away from an input of the result's size: refused, or as if it lay elsewhere."""
    tried = 0
    for seed in range(20):
        given = calls.arguments(name, seed)
        result = next(calls.results(calls.call(name, given)))
        for key in read(name, given):
            a = given[key]
            if isinstance(a, list):
                a = a[0]
            if a.dtype != result.dtype or a.size < 2:
                continue
            memory = np.zeros(max(a.size, result.size) + 1, a.dtype)
            memory[: a.size] = a.ravel()
            view = memory[: a.size].reshape(a.shape)
            given[key] = [view, *given[key][1:]] if isinstance(given[key], list) else view
            given["out"] = memory[1 : 1 + result.size].reshape(result.shape)
            try:
                got = next(calls.results(calls.call(name, given)))
            except ValueError as error:
                assert str(error).startswith("out must not share memory with"), error
            else:
                assert got.tobytes() == result.tobytes(), f"{key}, seed {seed}"
            tried += 1
            given.pop("out")
            given[key] = [a, *given[key][1:]] if isinstance(given[key], list) else a
    reads = any(calls.arguments(name, 0)[key] is not None for key in read(name, calls.arguments(name, 0)))
    comparable = name not in ("take", "one_hot", "from_uint8") and not name.startswith(
        ("equal", "not_", "less", "greater")
    )
    assert tried or not reads or not comparable, "no case had an input to overlap with"


def test_lists_of_unequal_length():
    with pytest.raises(ValueError, match="x is not an array: .*inhomogeneous"):
        kernels.relu([[1, 2], [3]])


def test_no_memory_for_a_copy():
    with pytest.raises(MemoryError, match=r"no memory for a contiguous copy of x, of shape \(70368744177664,\)"):
        kernels.relu(np.broadcast_to(np.float64(1), (2**46,)))


def test_masked_arrays_have_no_right_answer():
    with pytest.raises(TypeError, match=r"x must not be a masked array; fill it first, as in x.filled\(0\)"):
        kernels.relu(np.ma.masked_array([1.0, 2.0], [True, False]))
