"""fastcnn.utils: labels, splits, batches by number, seeds."""

import random
from typing import Any

import numpy as np
import pytest

from fastcnn import seam, utils  # seam first: tensors need it
from fastcnn.tensor import Tensor

# Labels


@pytest.mark.parametrize(
    "x", [[0, 2, 1], np.array([0, 2, 1], np.uint8), np.array([[0], [2], [1]]), np.array([0.0, 2.0, 1.0])]
)
def test_to_categorical(x: Any) -> None:
    found = utils.to_categorical(x)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])


def test_to_categorical_shapes() -> None:
    assert utils.to_categorical([1, 0], 4).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    assert utils.to_categorical(np.zeros((2, 3), int), 5).shape == (2, 3, 5)
    assert utils.to_categorical(2).tolist() == [0, 0, 1]
    assert utils.to_categorical([], 3).shape == (0, 3)
    assert utils.to_categorical([True, False]).tolist() == [[0, 1], [1, 0]]
    assert utils.to_categorical(Tensor(np.array([1]))).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("x", "classes", "error", "message"),
    [
        ([0, 3], 3, ValueError, "x must be from 0 to num_classes - 1, which is 2, got 3"),
        ([0, -1], None, ValueError, "x must be from 0 to num_classes - 1, which is 0, got -1"),
        ([0.5], None, ValueError, "x must be whole class numbers"),
        (["cat"], None, TypeError, "x must be class numbers, got dtype <U3; make numbers of names by np.unique"),
        ([], None, ValueError, "num_classes must be given where x is empty"),
    ],
)
def test_to_categorical_refuses(x: Any, classes: int | None, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        utils.to_categorical(x, classes)


def test_normalize() -> None:
    x = np.array([[3.0, 4.0], [0.0, 0.0], [-6.0, 8.0]])
    np.testing.assert_allclose(utils.normalize(x), [[0.6, 0.8], [0, 0], [-0.6, 0.8]])
    np.testing.assert_allclose(utils.normalize(x, axis=0, order=1), [[3 / 9, 4 / 12], [0, 0], [-6 / 9, 8 / 12]])
    np.testing.assert_allclose(utils.normalize([3.0, 4.0]), [0.6, 0.8])


# Splits


@pytest.mark.parametrize(
    ("left", "right", "sizes"),
    [
        (0.8, None, (8, 2)),
        (None, 0.3, (7, 3)),
        (6, None, (6, 4)),
        (None, 1, (9, 1)),
        (0.5, 0.2, (5, 2)),
        (3, 3, (3, 3)),
        (0.25, 0.75, (2, 8)),
        (0.5, 5, (5, 5)),
    ],
)
def test_split(left: Any, right: Any, sizes: tuple[int, int]) -> None:
    x = np.arange(10)
    a, b = utils.split_dataset(x, left, right)
    np.testing.assert_array_equal(a, x[: sizes[0]])
    np.testing.assert_array_equal(b, x[-sizes[1] :])


def test_two_halves_of_an_odd_number() -> None:
    a, b = utils.split_dataset(np.arange(7), 0.5, 0.5)
    assert len(a) + len(b) == 7


def test_split_keeps_the_structure_and_the_pairs() -> None:
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    for made in ((x, y), [x, y], {"x": x, "y": y}, (x, {"y": y})):
        a, b = utils.split_dataset(made, 0.7, shuffle=True, seed=3)
        assert type(a) is type(b) is type(made)
        for part, n in ((a, 7), (b, 3)):
            first, second = part.values() if isinstance(part, dict) else part
            second = second["y"] if isinstance(second, dict) else second
            assert (first.shape, second.shape) == ((n, 2), (n,))
            np.testing.assert_array_equal(first[:, 0], 2 * second)


def test_split_of_a_plain_list() -> None:
    a, b = utils.split_dataset([1, 2, 3, 4], 3)
    assert (a.tolist(), b.tolist()) == ([1, 2, 3], [4])


def test_shuffled_split_follows_the_seed() -> None:
    def order(seed: int) -> list[int]:
        return np.concatenate(utils.split_dataset(np.arange(50), 0.5, shuffle=True, seed=seed)).tolist()

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(1)) == list(range(50))
    assert order(1) != list(range(50))


def test_shuffled_split_follows_the_global_seed() -> None:
    pytest.importorskip("fastcnn.random")
    found = []
    for _ in range(2):
        utils.set_random_seed(5)
        found.append([utils.split_dataset(np.arange(50), 0.5, shuffle=True)[0].tolist() for _ in range(2)])
    assert found[0] == found[1]
    assert found[0][0] != found[0][1]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, ValueError, "at least one of left_size and right_size must be given"),
        ({"left_size": 1.5}, ValueError, "left_size must be above 0 and below 1 where it is a float, got 1.5"),
        ({"right_size": 0.0}, ValueError, "right_size must be above 0 and below 1 where it is a float, got 0.0"),
        (
            {"left_size": 10},
            ValueError,
            "left_size must be above 0 and below the 10 samples where it is an int, got 10",
        ),
        ({"left_size": "half"}, TypeError, "left_size must be an int, a float or None, got 'half'"),
        ({"left_size": 0.7, "right_size": 0.7}, ValueError, "must be at most 10 samples together, got 0.7 and 0.7"),
        ({"left_size": 0.01}, ValueError, "must leave samples on both sides of 10, got 0 and 10"),
        ({"left_size": 0.5, "preferred_backend": "torch"}, NotImplementedError, "preferred_backend is not supported"),
    ],
)
def test_split_refuses(arguments: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        utils.split_dataset(np.arange(10), **arguments)


def test_split_refuses_what_is_no_array() -> None:
    with pytest.raises(ValueError, match=r"dataset must hold arrays with one number of samples, got \[3, 4\]"):
        utils.split_dataset((np.zeros(3), np.zeros(4)), 0.5)
    with pytest.raises(TypeError, match="got generator; a generator or a PyDataset cannot be split"):
        utils.split_dataset((i for i in range(3)), 0.5)


# Batches by number


class Three(utils.PyDataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return np.full(2, index), np.zeros(2)


def test_batches_by_number() -> None:
    data = Three(workers=2, max_queue_size=4)
    assert (data.workers, data.use_multiprocessing, data.max_queue_size, data.num_batches) == (2, False, 4, 3)
    assert [x.tolist() for x, _ in data] == [[0, 0], [1, 1], [2, 2]]
    assert (data.on_epoch_begin(), data.on_epoch_end()) == (None, None)
    assert utils.Sequence is utils.PyDataset


def test_batches_without_super_init() -> None:
    class Bare(utils.Sequence):
        def __init__(self) -> None:
            self.n = 1

        def __getitem__(self, index: int) -> Any:
            return index

    data = Bare()
    assert (data.workers, data.use_multiprocessing, data.max_queue_size, data.num_batches) == (1, False, 10, None)
    assert [x for x, _ in zip(data, range(3), strict=False)] == [0, 1, 2]
    with pytest.raises(NotImplementedError, match=r"PyDataset must define __getitem__\(index\)"):
        utils.PyDataset()[0]


# Seeds and names


def test_one_seed_for_all() -> None:
    fast = pytest.importorskip("fastcnn.random")
    found = []
    for _ in range(2):
        utils.set_random_seed(7)
        found.append((random.random(), np.random.rand(), fast.draw_seed()))
    assert found[0] == found[1]
    utils.set_random_seed(8)
    assert fast.draw_seed() != found[0][2]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, True, "7", None])
def test_seed_refuses(seed: Any) -> None:
    pytest.importorskip("fastcnn.random")
    with pytest.raises(ValueError, match=r"seed must be an integer from 0 to 2\*\*32 - 1, got"):
        utils.set_random_seed(seed)


def test_names_for_ones_own() -> None:
    @utils.register_keras_serializable("tests")
    class Own:
        pass

    assert utils.get_registered_name(Own) == "tests>Own"
    assert utils.get_custom_objects().pop("tests>Own") is Own
    with utils.custom_object_scope({"Own": Own}):
        assert utils.get_custom_objects()["Own"] is Own
    assert "Own" not in utils.get_custom_objects()
    assert utils.CustomObjectScope is utils.custom_object_scope
    assert seam.state is not None
