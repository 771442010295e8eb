"""Where batches come from: every kind of data, its order, its errors."""

import numpy as np
import pytest

from fastcnn import kernels
from fastcnn.gathered import Gathered
from fastcnn.seam import Tensor
from fastcnn.training.arrays import as_arrays, class_weights, map_leaves, tensors, unpack
from fastcnn.training.data import ArrayData, IndexedData, open_data, split_validation
from fastcnn.training.pydataset import PyDataset
from fastcnn.training.streamed import StreamedData


class Batches(PyDataset):
    """Batch i holds the number i."""

    def __init__(self, n=5, **kwargs):
        super().__init__(**kwargs)
        self.n, self.ends = n, 0

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return np.full((2, 1), index), np.full(2, index)

    def on_epoch_end(self):
        self.ends += 1


def rows(data, epoch=0, first=0):
    return [unpack(batch)[0].array[:, 0].astype(int).tolist() for batch in data.epoch(epoch, first)]


def column(n):
    return np.arange(n, dtype=np.float64)[:, None]


@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "int64", "bool"])
def test_inputs_become_float32(dtype):
    x = np.ones((3, 2), dtype)
    (x0, _, _) = unpack(next(ArrayData(x, None).epoch(0)))
    assert x0.dtype == "float32"
    assert x0.array.flags.c_contiguous


@pytest.mark.parametrize(
    ("dtype", "kept"), [("bool", "float32"), ("float64", "float32"), ("int64", "int64"), ("uint8", "uint8")]
)
def test_labels_keep_integers(dtype, kept):
    batch = next(ArrayData(np.ones((3, 2)), np.ones(3, dtype)).epoch(0))
    assert batch[1].dtype == kept


def test_shuffling_is_a_function_of_seed_and_epoch():
    data = ArrayData(column(10), batch_size=4, shuffle=True, seed=5)
    for epoch in (0, 3, 1):
        order = kernels.permutation(10, 5, stream=epoch).tolist()
        assert rows(data, epoch) == [order[:4], order[4:8], order[8:]]
        assert rows(data, epoch, first=2) == [order[8:]]
    assert rows(ArrayData(column(5), batch_size=2)) == [[0, 1], [2, 3], [4]]


def test_shuffling_batches():
    data = ArrayData(column(6), batch_size=2, shuffle="batch", seed=5)
    found = rows(data)
    assert sorted(found) == [[0, 1], [2, 3], [4, 5]]
    assert found == [[[0, 1], [2, 3], [4, 5]][i] for i in kernels.permutation(3, 5, stream=0)]


def test_epochs_of_some_steps_go_on_where_the_last_one_ended():
    data = ArrayData(column(6), batch_size=2, steps=2)
    assert [rows(data, e) for e in range(3)] == [[[0, 1], [2, 3]], [[4, 5], [0, 1]], [[2, 3], [4, 5]]]


def test_the_first_batch_is_not_taken_away():
    for data in (ArrayData(column(4), batch_size=2), IndexedData(Batches(2)), StreamedData(column(4).reshape(2, 2, 1))):
        looked = unpack(data.first())[0].array
        found = rows(data)
        assert looked[:, 0].astype(int).tolist() == found[0]
        assert len(found) == 2
    data = StreamedData(iter(column(6).reshape(3, 2, 1)))
    data.first(0, 1)
    assert rows(data, 0, 1) == [[2, 3], [4, 5]]


def test_no_float64_copy_of_everything():
    import tracemalloc

    x = np.zeros((2000, 100))
    tracemalloc.start()
    for _ in ArrayData(x, batch_size=10, shuffle=True).epoch(0):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 10


@pytest.mark.parametrize("workers", [1, 3])
def test_datasets(workers):
    dataset = Batches(workers=workers, max_queue_size=2)
    assert dataset.num_batches == 5
    data = open_data(dataset, shuffle=True, seed=3)
    order = kernels.permutation(5, 3, stream=1).tolist()
    assert rows(data, 1) == [[i, i] for i in order]
    assert rows(data, 1, 3) == [[i, i] for i in order[3:]]
    data.ended()
    assert dataset.ends == 1


def test_old_sequences_need_no_base_class():
    class Old:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return np.full((1, 1), index), np.zeros(1)

    assert rows(open_data(Old())) == [[0], [1]]


def test_iterables_begin_again_and_generators_do_not():
    batches = [np.full((1, 1), i) for i in range(3)]

    class Again:
        def __iter__(self):
            return iter(batches)

    data = open_data(Again())
    assert [rows(data, e) for e in range(2)] == [[[0], [1], [2]]] * 2
    data = open_data(iter(batches), steps=2)
    assert rows(data, 0) == [[0], [1]]
    with pytest.warns(UserWarning, match="Your input ran out of data; interrupting training"):
        assert rows(data, 1) == [[2]]


def test_batches_of_lists_and_dicts():
    a, b = np.zeros((4, 2)), np.ones((4, 3))
    for x in ([a, b], {"a": a, "b": b}):
        data = open_data(x, np.arange(4), batch_size=3)
        first = next(data.epoch(0))
        shapes = map_leaves(lambda t: t.shape, first[0])
        assert shapes in ([(3, 2), (3, 3)], {"a": (3, 2), "b": (3, 3)})
    (x,) = tensors(((a, b),))
    assert [t.shape for t in x] == [(4, 2), (4, 3)]


def test_array_likes():
    class Frame:
        def __array__(self, dtype=None, copy=None):
            return np.eye(3, dtype=bool)

    assert as_arrays(Frame(), "y").dtype == bool
    assert as_arrays([[1, 2], [3, 4]], "x").shape == (2, 2)
    assert as_arrays(Tensor(np.ones(1)), "x").shape == (1,)
    assert as_arrays(Tensor(np.ones(2)), "x").shape == (2,)

    class Dlpack:
        def __dlpack__(self, **kwargs):
            return np.ones(2).__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return (1, 0)

    assert open_data(Dlpack()).samples == 2


def test_pandas():
    pandas = pytest.importorskip("pandas")
    labels = pandas.get_dummies(pandas.Series(["a", "b", "a"]))
    assert as_arrays(labels, "y").dtype == bool
    with pytest.raises(TypeError, match="y must hold numbers, got dtype object"):
        as_arrays(pandas.Series(["a", "b"]), "y")


def test_what_holds_no_numbers_says_how_to_make_some():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"a": [1.0, 2.0], "종류": ["x", "y"]})
    with pytest.raises(TypeError, match=r"x must hold .*the columns \['종류'\]; pandas.get_dummies\(x\)"):
        as_arrays(table, "x")
    for words in (["a", "b"], np.array(["a", "b"], object), table["종류"]):
        with pytest.raises(TypeError, match=r"y must hold numbers, .*words. np.unique\(y, return_inverse=True\)\[1\]"):
            as_arrays(words, "y")
    pictures = np.empty(2, object)
    pictures[:] = [np.zeros((28, 28)), np.zeros((30, 28))]
    with pytest.raises(
        TypeError, match=r"of arrays of different shapes, \(28, 28\) and \(30, 28\): give them one size"
    ):
        as_arrays(pictures, "x")


def test_class_weights():
    weights = {0: 2.0, 2: 0.5}
    for labels in ([0, 1, 2], [[0], [1], [2]], np.eye(3)):
        np.testing.assert_array_equal(class_weights(Tensor(np.array(labels)), weights).array, [2.0, 1.0, 0.5])
    with pytest.raises(ValueError, match="single output"):
        class_weights([1, 2], weights)


def test_validation_is_the_last_part():
    (x, y, _), (vx, vy, vw) = split_validation(column(10), np.arange(10), None, 0.3)
    assert x[:, 0].tolist() == y.tolist() == list(range(7))
    assert vx[:, 0].tolist() == vy.tolist() == [7, 8, 9]
    assert vw is None
    with pytest.raises(ValueError, match="validation_split needs arrays, got Batches; use validation_data"):
        split_validation(Batches(), None, None, 0.5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": None}, ValueError, "x is missing"),
        ({"x": np.zeros((3, 1)), "y": np.zeros(2)}, ValueError, "x has 3 samples, but y has 2; they must be as many"),
        ({"x": [np.zeros(3), np.zeros(2)]}, ValueError, r"x\[0\] has 3 samples, but x\[1\] has 2"),
        (
            {"x": [*np.zeros((5, 3, 3, 1))], "y": np.zeros(5)},
            ValueError,
            r"x\[0\] has 3 samples, but y has 5; .* as many. A list is taken for several arrays: np.array\(x\) makes one",
        ),
        ({"x": {"l": np.zeros(3), "r": np.zeros(2)}}, ValueError, r"x\['l'\] has 3 samples, but x\['r'\] has 2"),
        ({"x": np.zeros((0, 3))}, ValueError, "x is empty: it has no samples"),
        ({"x": {}}, ValueError, "x is empty: there is no array in it"),
        ({"x": np.array(["a"])}, TypeError, "x must hold numbers, got dtype <U1"),
        ({"x": np.array([1, None])}, TypeError, r"x.astype\('float32'\) converts"),
        ({"x": np.array(1.0)}, ValueError, "x must have a first axis of samples"),
        ({"x": [[1, 2], [3]]}, ValueError, "x cannot be made an array"),
        ({"x": Batches(), "y": np.zeros(2)}, ValueError, "y must not be given where x is a Batches"),
        ({"x": iter([]), "batch_size": 2}, ValueError, "batch_size must not be given where x is a list_iterator"),
        ({"x": Batches(0)}, ValueError, "x is empty: it has no batches"),
        ({"x": 3}, TypeError, "x must be arrays, a PyDataset, a generator or an iterable of batches, got int"),
        ({"x": column}, TypeError, r"x is a function: call it, x=column\(\), to get its generator"),
    ],
)
def test_what_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        open_data(**arguments)


def test_batches_that_are_refused():
    with pytest.raises(ValueError, match="a batch must be x, .* got a tuple of 4"):
        next(open_data(iter([(1, 2, 3, 4)])).epoch(0))
    with pytest.raises(ValueError, match="x has 3 samples, but y has 2"):
        next(open_data(iter([(np.zeros((3, 1)), np.zeros(2))])).epoch(0))
    with pytest.raises(ValueError, match="a batch has no x"):
        next(open_data(iter([(None, np.zeros(2))])).epoch(0))
    with pytest.raises(ValueError, match="x is empty: it gave no batch"):
        open_data(iter([])).first()


def test_what_pydataset_refuses():
    with pytest.raises(NotImplementedError, match="use_multiprocessing is not supported"):
        Batches(use_multiprocessing=True)
    with pytest.raises(ValueError, match="max_queue_size must be 1 or more, got 0"):
        Batches(max_queue_size=0)
    with pytest.raises(NotImplementedError, match="must define __getitem__"):
        PyDataset()[0]
    with pytest.raises(NotImplementedError, match="must define __len__"):
        len(PyDataset())


def test_loaders_that_know_their_length():
    class Loader:
        def __len__(self):
            return 2

        def __iter__(self):
            return iter([np.zeros((1, 1)), np.ones((1, 1))])

    data = open_data(Loader())
    assert data.steps == 2
    assert [rows(data, e) for e in range(3)] == [[[0], [1]]] * 3


@pytest.mark.parametrize("workers", [0, 1, 2, 8])
def test_workers_change_nothing(workers):
    """Epochs of seven steps in passes of five: loading ahead goes over the end of a pass."""
    data = open_data(Batches(workers=workers, max_queue_size=20), shuffle=True, seed=3, steps=7)
    orders = [i for turn in range(5) for i in kernels.permutation(5, 3, stream=turn)]
    for epoch in range(3):
        data.first(epoch, 0)
        assert rows(data, epoch) == [[i, i] for i in orders[7 * epoch : 7 * epoch + 7]]


class ByPass(Batches):
    """Batch ``i`` of pass ``p`` holds 100 p + i; what ``finish`` adds shows its order."""

    def __init__(self, **kwargs):
        super().__init__(3, **kwargs)
        self.epoch = self.finished = 0

    def batch_at(self, epoch, index):
        return np.full((1, 1), 100 * epoch + index), np.zeros(1)

    def finish(self, batch):
        self.finished += 1
        return batch[0] + 10_000 * self.finished, batch[1]


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_datasets_that_differ_from_pass_to_pass(workers):
    dataset = ByPass(workers=workers)
    dataset.epoch = 2
    data = open_data(dataset, shuffle=True)  # the order is the dataset's own
    assert rows(data, 0) == [[10_200], [20_201], [30_202]]
    assert rows(data, 1, 1) == [[40_301], [50_302]]
    data.passes = 0
    assert rows(data, 0) == [[60_000], [70_001], [80_002]]
    assert data.first(0, 1) is not None
    assert rows(data, 0, 1) == [[90_001], [100_002]]


def test_threads_end_with_the_epoch():
    import threading

    before = threading.active_count()
    data = open_data(Batches(workers=3))
    batches = data.epoch(0)
    next(batches)
    next(batches)
    assert threading.active_count() > before
    batches.close()
    assert threading.active_count() == before


def test_workers_that_are_refused():
    with pytest.raises(ValueError, match="workers must be 0 or more, got -2"):
        Batches(workers=-2)


def test_rows_that_are_gathered_late_are_the_batches_of_before(rng):
    """Shuffled float32 is copied by whoever reads it, a program or ``array``; all else at once."""
    x = rng.standard_normal((10, 3, 2), dtype=np.float32)
    order = ArrayData(x, shuffle=True, seed=4, batch_size=4).order(0)
    for source in (x, x[:, ::-1], x.astype(np.float64), np.asfortranarray(x), x[::1].view()):
        batches = list(ArrayData(source, shuffle=True, seed=4, batch_size=4).epoch(0))
        late = [isinstance(b, Gathered) for b in batches]
        assert late == [source.dtype == np.float32 and source.flags.c_contiguous] * 3
        for i, b in enumerate(batches):
            expected = source[order[4 * i : 4 * i + 4]].astype(np.float32)
            assert b.shape == expected.shape and b.dtype == "float32"
            if late[i]:
                filled = np.empty_like(expected)
                b.copy_to(filled)
                np.testing.assert_array_equal(filled, expected)
            np.testing.assert_array_equal(b.array, expected)
            assert b.array is b.array  # one copy


def test_tables_with_columns_of_booleans():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [0.5, 1.5, 2.5], "b": [1, 2, 3], "kind": ["u", "v", "u"]})
    table = pandas.get_dummies(frame)
    assert as_arrays(table, "x").tolist() == [[0.5, 1, 1, 0], [1.5, 2, 0, 1], [2.5, 3, 1, 0]]
    assert as_arrays(table, "x").dtype == "float32" and as_arrays(table[["a"]], "x").dtype == "float64"
    for wrong in (frame, frame["kind"]):
        with pytest.raises(TypeError, match="x must hold numbers, got dtype object"):
            as_arrays(wrong, "x")
