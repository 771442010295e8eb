"""flow_from_dataframe: every class_mode, missing files, classes left out, weights, subsets, and its messages."""

import numpy as np
import picture_folders
import pytest

from fastcnn.preprocessing.image import ImageDataGenerator

pandas = pytest.importorskip("pandas")
pytest.importorskip("PIL")

NAMES = [f"{('blue', 'green', 'red')[i % 3]}/{i:03d}.png" for i in range(12)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return picture_folders.fill(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def table():
    return pandas.DataFrame(
        {
            "filename": NAMES,
            "class": [name.partition("/")[0] for name in NAMES],
            "size": np.arange(12) / 10,
            "tags": [["warm"] if i % 3 == 2 else ["cold", "dark"] if i % 3 == 0 else ["cold"] for i in range(12)],
            "weight": np.arange(12, 0, -1),
        }
    )


def flow(table, folder, generator=None, **arguments):
    return (generator or ImageDataGenerator()).flow_from_dataframe(
        table, folder, **{"target_size": (8, 8), "shuffle": False, **arguments}
    )


def test_classes_by_name(table, folder, capsys):
    batches = flow(table, folder, target_size=(24, 24))
    assert capsys.readouterr().out == "Found 12 validated image filenames belonging to 3 classes.\n"
    assert batches.class_indices == {"blue": 0, "green": 1, "red": 2}
    assert batches.classes == [0, 1, 2] * 4
    assert batches.filenames == NAMES
    assert batches.filepaths == [str(folder / name) for name in NAMES]
    x, y = batches[0]
    np.testing.assert_array_equal(x, picture_folders.pictures()[0])
    np.testing.assert_array_equal(y, np.eye(3)[batches.classes])


def test_whole_paths_and_tables_that_are_not_pandas(table, folder, capsys):
    paths = [str(folder / name) for name in NAMES]
    batches = ImageDataGenerator().flow_from_dataframe(
        {"file": paths, "kind": list(table["class"])}, x_col="file", y_col="kind", validate_filenames=False, seed=1
    )
    assert capsys.readouterr().out == "Found 12 non-validated image filenames belonging to 3 classes.\n"
    assert batches.filepaths == paths


@pytest.mark.parametrize("class_mode", ["binary", "sparse"])
def test_numbers_of_chosen_classes(table, folder, class_mode):
    batches = flow(table, folder, classes=["red", "blue", "red"], class_mode=class_mode)
    assert batches.class_indices == {"red": 0, "blue": 1}
    assert batches.samples == 8
    assert batches[0][1].tolist() == [1, 0] * 4


def test_several_classes_in_a_row(table, folder):
    batches = flow(table, folder, y_col="tags")
    assert batches.class_indices == {"cold": 0, "dark": 1, "warm": 2}
    assert batches[0][1][:3].tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 1]]
    some = flow(table, folder, y_col="tags", classes=["dark", "warm"])
    assert (some.samples, some[0][1][:2].tolist()) == (8, [[1, 0], [0, 1]])


def test_raw_numbers_and_several_outputs(table, folder):
    batches = flow(table, folder, y_col="size", class_mode="raw", batch_size=5)
    np.testing.assert_array_equal(batches[1][1], np.arange(5, 10) / 10)
    both = flow(table, folder, y_col=["size", "weight"], class_mode="raw")
    np.testing.assert_array_equal(both[0][1][3], [0.3, 9])
    first, second = flow(table, folder, y_col=["size", "weight"], class_mode="multi_output", batch_size=5)[2][1]
    assert (first.tolist(), second.tolist()) == ([1.0, 1.1], [2, 1])
    assert not hasattr(batches, "class_indices")


def test_pictures_as_targets_and_none(table, folder):
    x, y = flow(table, folder, class_mode="input")[0]
    np.testing.assert_array_equal(x, y)
    assert flow(table, folder, class_mode=None)[0].shape == (12, 8, 8, 3)


def test_weights(table, folder):
    _, _, weights = flow(table, folder, weight_col="weight", batch_size=4)[1]
    assert weights.tolist() == [8, 7, 6, 5]


def test_subsets(table, folder):
    generator = ImageDataGenerator(validation_split=0.25)
    valid, train = (flow(table, folder, generator, subset=subset) for subset in ("validation", "training"))
    assert valid.filenames + train.filenames == NAMES
    assert (valid.samples, valid.classes) == (3, [0, 1, 2])


def test_rows_without_files_are_left_out(table, folder):
    table.loc[0, "filename"] = "blue/nowhere.png"
    table.loc[1, "filename"] = "green/notes.txt"
    with pytest.warns(UserWarning, match=r"2 rows are left out: their 'filename' is no picture .*nowhere\.png"):
        batches = flow(table, folder)
    assert batches.filenames == NAMES[2:]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x_col": "file"}, ValueError, r"x_col='file' is no column of the table.*Did you mean 'filename'"),
        ({"y_col": "klass"}, ValueError, r"y_col='klass' is no column of the table.*Did you mean 'class'"),
        ({"x_col": "size"}, TypeError, r"the column x_col='size' must have file names, got 0\.0"),
        ({"class_mode": "one-hot"}, ValueError, "class_mode must be .* got 'one-hot'"),
        ({"y_col": "size"}, TypeError, r"as strings, or lists of them, got 0\.0; convert them with astype\(str\)"),
        ({"y_col": "tags", "class_mode": "sparse"}, TypeError, "must have names of classes as strings, got"),
        ({"class_mode": "binary"}, ValueError, "class_mode='binary' needs two classes, got 3"),
        ({"class_mode": "multi_output"}, TypeError, "class_mode='multi_output' needs a list of columns"),
        ({"weight_col": "class"}, TypeError, r"weight_col='class' must have numbers, got \['blue'\]"),
        ({"subset": "training"}, ValueError, "needs a generator with validation_split"),
    ],
)
def test_wrong_arguments(table, folder, arguments, error, message):
    with pytest.raises(error, match=message):
        flow(table, folder, **arguments)


def test_classes_that_have_no_effect(table, folder):
    with pytest.warns(UserWarning, match=r"classes=\['red'\] has no effect with class_mode='raw'"):
        flow(table, folder, y_col="size", class_mode="raw", classes=["red"])
