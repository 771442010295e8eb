"""Matrix products against the reference."""

import os

import cases
import numpy as np
import pytest
from checks import assert_same, assert_same_bits_everywhere, integers, normal, relative_l2

from fastcnn import kernels, reference

SHAPES = int(os.environ.get("FASTCNN_TEST_SHAPES", "3600"))


@pytest.mark.parametrize("part", range(4))
def test_integer_shapes_are_exact(isa: str, part: int) -> None:
    rng = np.random.default_rng([part, len(isa)])
    for _ in range(SHAPES // 4 // 6):
        case = cases.random_product(rng)
        a, b = integers(rng, case.a), integers(rng, case.b)
        got = kernels.matmul(a, b, case.transpose_a, case.transpose_b)
        try:
            assert_same(got, reference.matmul(a, b, case.transpose_a, case.transpose_b), trust=False)
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error


@pytest.mark.parametrize("size", [64, 300, 1025])
def test_error(isa: str, size: int, rng: np.random.Generator) -> None:
    a, b = normal(rng, (size, 2000)), normal(rng, (2000, size))
    assert relative_l2(kernels.matmul(a, b), reference.matmul(a, b)) <= 1e-6


def test_long_sums_stay_accurate(rng: np.random.Generator) -> None:
    a, b = np.abs(normal(rng, (3, 60000))), np.abs(normal(rng, (60000, 40)))
    assert relative_l2(kernels.matmul(a, b), reference.matmul(a, b)) <= 1e-6


def test_same_bits_everywhere(rng: np.random.Generator) -> None:
    for _ in range(60):
        case = cases.random_product(rng)
        a, b = normal(rng, case.a), normal(rng, case.b)
        assert_same_bits_everywhere(
            lambda a=a, b=b, case=case: kernels.matmul(a, b, case.transpose_a, case.transpose_b)
        )


@pytest.mark.parametrize(("turn_a", "turn_b"), [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize(("m", "k", "n"), [(410, 300, 1000), (1000, 530, 1090)])
def test_packing_on_the_way_makes_the_same_bits(
    m: int, k: int, n: int, turn_a: bool, turn_b: bool, rng: np.random.Generator
) -> None:
    """Each thread packs its part of b, if that is wide enough, while it multiplies its first rows."""
    a, b = normal(rng, (k, m) if turn_a else (m, k)), normal(rng, (n, k) if turn_b else (k, n))
    assert_same_bits_everywhere(lambda: kernels.matmul(a, b, turn_a, turn_b))


@pytest.mark.parametrize("transpose_b", [False, True])
@pytest.mark.parametrize(("k", "n"), [(10, 7), (385, 130), (900, 600), (3000, 20)])
def test_a_row_does_not_depend_on_the_others(
    isa: str, k: int, n: int, transpose_b: bool, rng: np.random.Generator
) -> None:
    """Thin products, blocks packed panel by panel and shared panels make the same bits."""
    a, b = normal(rng, (450, k)), normal(rng, (n, k) if transpose_b else (k, n))
    together = kernels.matmul(a, b, transpose_b=transpose_b)
    for size in (1, 2, 3, 5, 8, 9, 13, 25, 64, 401):
        assert kernels.matmul(a[:size], b, transpose_b=transpose_b).tobytes() == together[:size].tobytes()


@pytest.mark.parametrize(
    ("m", "k", "n"),
    [(12, 40, 9), (30, 128, 10), (401, 37, 130), (700, 512, 70), (2200, 4, 1024), (415, 1030, 300), (431, 700, 610)],
)
def test_transposed_operands_make_the_same_bits(isa: str, m: int, k: int, n: int, rng: np.random.Generator) -> None:
    """Columns of a transposed a are packed as they lie; a large result is stored past the caches."""
    a, b = normal(rng, (m, k)), normal(rng, (k, n))
    plain = kernels.matmul(a, b).tobytes()
    for turn_a, turn_b in [(True, False), (False, True), (True, True)]:
        operands = np.ascontiguousarray(a.T) if turn_a else a, np.ascontiguousarray(b.T) if turn_b else b
        assert kernels.matmul(*operands, turn_a, turn_b).tobytes() == plain


@pytest.mark.parametrize(
    ("rows", "depth", "columns"),
    [
        (1, 30, 75),
        (5, 30, 75),
        (20, 30, 75),
        (500, 30, 75),
        (12, 1100, 75),
        (40, 2600, 75),
        (40, 600, 1100),
        (420, 700, 570),
    ],
)
def test_dense_epilogue(isa: str, rows: int, depth: int, columns: int, rng: np.random.Generator) -> None:
    x, w, bias = integers(rng, (rows, depth)), integers(rng, (depth, columns)), integers(rng, (columns,))
    residual = integers(rng, (rows, columns))
    plain = reference.dense(x, w, bias) + residual
    assert_same(kernels.dense(x, w, bias, residual=residual), plain)
    assert_same(kernels.dense(x, w, bias, "relu", residual=residual), np.maximum(plain, 0))
    assert_same(kernels.dense(x, w, bias, "relu6", residual=residual), np.clip(plain, 0, 6))
    before = kernels.dense(x, w, bias)
    assert_same(kernels.dense(x, w, bias, "sigmoid"), kernels.activate(before, "sigmoid"))


def test_dense_gradients(isa: str, rng: np.random.Generator) -> None:
    x, w, dy = integers(rng, (9, 40)), integers(rng, (40, 33)), integers(rng, (9, 33))
    assert_same(kernels.dense_dx(dy, w), reference.dense_dx(dy, w))
    assert_same(kernels.dense_dw(x, dy), reference.dense_dw(x, dy))


@pytest.mark.parametrize("columns", [64, 128, 192, 256, 320])
@pytest.mark.parametrize(("rows", "depth"), [(17, 64), (40, 700), (130, 2600)])
def test_where_b_lies_never_shows(isa: str, rows: int, depth: int, columns: int, rng: np.random.Generator) -> None:
    """Short aligned rows of b are multiplied with where they lie, others are packed."""
    a, b, memory = normal(rng, (rows, depth)), normal(rng, (depth, columns)), np.zeros(depth * columns + 32, np.float32)
    start = -memory.ctypes.data % 64 // 4
    found = set()
    for shift in (0, 1, 8):
        copy = memory[start + shift :][: b.size].reshape(b.shape)
        copy[:] = b
        found.add(kernels.dense(a, copy, activation="relu").tobytes())
    assert len(found) == 1
    assert found == {np.maximum(kernels.matmul(a, np.ascontiguousarray(b.T), False, True), 0).tobytes()}


@pytest.mark.parametrize(
    ("n", "inputs", "units"),
    [(1, 75, 30), (12, 75, 1100), (40, 1100, 600), (128, 700, 40), (500, 75, 30), (450, 600, 560)],
)
def test_a_gate_joins_the_input_gradient(isa: str, n: int, inputs: int, units: int, rng: np.random.Generator) -> None:
    """Whatever path the product takes; NaN in the gate spreads, and what it closes is 0."""
    dy, w, gate = integers(rng, (n, units)), integers(rng, (inputs, units)), integers(rng, (n, inputs))
    assert_same(kernels.dense_dx(dy, w, gate=gate), reference.dense_dx(dy, w, gate=gate))
    gate[:, ::3] = np.nan
    found = kernels.dense_dx(dy, w, gate=gate)
    assert np.isnan(found[:, ::3]).all() and not found[gate <= 0].any()


def test_empty() -> None:
    assert kernels.matmul(np.zeros((0, 3)), np.zeros((3, 4))).shape == (0, 4)
    assert kernels.matmul(np.zeros((2, 3)), np.zeros((3, 0))).shape == (2, 0)
    assert not kernels.matmul(np.zeros((2, 0)), np.zeros((0, 4))).any()
    assert_same(kernels.dense(np.zeros((2, 0)), np.zeros((0, 2)), [1, 2], "relu"), np.array([[1, 2], [1, 2]]))
    assert kernels.matmul(np.zeros((0, 5, 3)), np.zeros((0, 3, 4))).shape == (0, 5, 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: kernels.matmul(np.zeros(3), np.zeros((3, 4))), ValueError, "a must have at least 2 dimensions"),
        (lambda: kernels.matmul(np.zeros((2, 3)), np.zeros((4, 3))), ValueError, "a and b do not fit: the first has 3 columns, the second 4 rows"),
        (lambda: kernels.matmul(np.zeros((2, 5, 3)), np.zeros((3, 3, 4))), ValueError, "same leading dimensions"),
        (lambda: kernels.dense(np.zeros((2, 3)), np.zeros((3, 4)), np.zeros(3)), ValueError, r"bias must have shape \(4,\)"),
        (lambda: kernels.dense_dx(np.zeros((2, 4)), np.zeros((3, 4)), gate=np.zeros((2, 4))), ValueError, r"gate must have shape \(2, 3\)"),
        (lambda: kernels.dense(np.zeros((2, 3)), np.zeros((3, 4)), activation=3), TypeError, "activation must be one of"),
        (lambda: kernels.matmul(np.zeros((2, 3), "U1"), np.zeros((3, 4))), TypeError, "a must hold numbers"),
    ],
)  # fmt: skip
def test_errors(call, error: type[Exception], message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call()
