"""Batches from arrays, folders and tables: what is in them, in which order, and that threads do not matter."""

from pathlib import Path

import numpy as np
import picture_folders
import pytest

from fastcnn import Sequential, layers, utils
from fastcnn.preprocessing.image import ImageDataGenerator, Iterator

X = np.random.default_rng(0).integers(0, 256, (10, 6, 7, 3)).astype(np.uint8)
Y = np.arange(10)
LIVELY = {"rotation_range": 40, "zoom_range": 0.3, "horizontal_flip": True, "brightness_range": (0.7, 1.3)}


def epoch(batches, number=0):
    return [batches.batch_at(number, i) for i in range(len(batches))]


def all_of(batches, number=0):
    return tuple(np.concatenate(parts) for parts in zip(*epoch(batches, number), strict=True))


def test_batches_of_arrays_in_order():
    batches = ImageDataGenerator(rescale=0.5).flow(X, Y, batch_size=4, shuffle=False)
    assert (len(batches), batches.n, batches.batch_size) == (3, 10, 4)
    x, y = all_of(batches)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, X * np.float32(0.5))
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_array_equal(X[0], np.random.default_rng(0).integers(0, 256, (10, 6, 7, 3))[0])  # untouched


def test_augmentation_keeps_the_number_differs_by_epoch_and_repeats_by_seed():
    first = ImageDataGenerator(**LIVELY).flow(X, Y, batch_size=4, seed=3)
    again = ImageDataGenerator(**LIVELY).flow(X, Y, batch_size=4, seed=3)
    other = ImageDataGenerator(**LIVELY).flow(X, Y, batch_size=4, seed=4)
    assert len(all_of(first)[0]) == len(X)
    orders = [all_of(first, number)[1] for number in (0, 1)]
    assert not np.array_equal(*orders)
    assert all(sorted(order) == list(Y) for order in orders)
    by_picture = [
        all_of(batches, n)[0][np.argsort(all_of(batches, n)[1])] for batches in (first, other) for n in (0, 1)
    ]
    for i, one in enumerate(by_picture):
        for two in by_picture[i + 1 :]:
            assert all(not np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    for number in (1, 0):  # whatever was asked for before
        for a, b in zip(all_of(first, number), all_of(again, number), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_picture_is_changed_alike_wherever_it_comes():
    generator = ImageDataGenerator(**LIVELY)
    small = all_of(generator.flow(X, Y, batch_size=3, seed=3))
    large = all_of(generator.flow(X, Y, batch_size=10, seed=3))
    in_order = all_of(generator.flow(X, Y, batch_size=10, shuffle=False, seed=3))
    for a, b in zip(small, large, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(in_order[0][small[1]], small[0])


def test_next_goes_on_and_on_and_reset_begins_an_epoch():
    batches = ImageDataGenerator(**LIVELY).flow(X, Y, batch_size=4, seed=1)
    expected = [*epoch(batches, 0), *epoch(batches, 1)]
    taken = [next(batches) for _ in range(3)] + [batches.next()]
    assert (batches.epoch, batches.batch_index) == (1, 1)
    for (x, y), (x_, y_) in zip(taken, expected, strict=False):
        np.testing.assert_array_equal(x, x_)
        np.testing.assert_array_equal(y, y_)
    batches.reset()
    assert (batches.epoch, batches.batch_index) == (2, 0)
    batches.reset()
    np.testing.assert_array_equal(next(batches)[0], batches.batch_at(2, 0)[0])
    assert sum(1 for _ in zip(batches, range(9), strict=False)) == 9  # a loop must break by itself, as in Keras
    np.testing.assert_array_equal(batches.index_array, batches.order(batches.epoch))


def test_seed_from_the_global_one():
    made = []
    for _ in range(2):
        utils.set_random_seed(11)
        made.append(all_of(ImageDataGenerator(**LIVELY).flow(X, Y, batch_size=5))[0])
    np.testing.assert_array_equal(*made)


def test_training_does_not_depend_on_workers():
    losses = []
    for workers in (1, 3):
        utils.set_random_seed(0)
        batches = ImageDataGenerator(**LIVELY, rescale=1 / 255).flow(X, Y % 2, batch_size=3, seed=5, workers=workers)
        model = Sequential([layers.Input((6, 7, 3)), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        losses.append(model.fit(batches, epochs=3, verbose=0).history["loss"])
        assert batches.epoch == 3
    assert losses[0] == losses[1]
    assert len(set(losses[0])) == 3


def test_a_second_fit_goes_on_where_the_first_ended():
    losses = []
    for parts in ([4], [2, 4]):
        utils.set_random_seed(0)
        batches = ImageDataGenerator(**LIVELY, rescale=1 / 255).flow(X, Y % 2, batch_size=3, seed=5)
        model = Sequential([layers.Input((6, 7, 3)), layers.Flatten(), layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        done, found = 0, []
        for end in parts:
            found += model.fit(batches, initial_epoch=done, epochs=end, verbose=0).history["loss"]
            done = end
        losses.append(found)
    assert losses[0] == losses[1]


def test_sample_weights_and_more_inputs():
    generator = ImageDataGenerator()
    _, y, w = generator.flow(X, Y, batch_size=4, shuffle=False, sample_weight=Y / 10)[1]
    np.testing.assert_array_equal(w, y / 10)
    (_, extra), y = generator.flow((X, Y * 2), Y, batch_size=4, seed=0)[0]
    np.testing.assert_array_equal(extra, y * 2)
    (_, _, two), y = generator.flow((X, [Y * 2, Y * 3]), Y, batch_size=4)[0]
    np.testing.assert_array_equal(two, y * 3)
    assert generator.flow(X, batch_size=4)[2].shape == (2, 6, 7, 3)


def test_subsets_of_arrays():
    generator = ImageDataGenerator(validation_split=0.3)
    train = generator.flow(X, Y % 2, subset="training", shuffle=False)
    valid = generator.flow(X, Y % 2, subset="validation", shuffle=False)
    np.testing.assert_array_equal(np.concatenate([valid[0][0], train[0][0]]), X)
    assert (valid.n, train.n) == (3, 7)
    with pytest.raises(ValueError, match="training and validation would have different classes"):
        generator.flow(X, Y, subset="training")
    assert generator.flow(X, Y, subset="training", ignore_class_split=True).n == 7


def test_channels_first():
    batches = ImageDataGenerator(data_format="channels_first", horizontal_flip=True).flow(
        X.transpose(0, 3, 1, 2), Y, batch_size=4, seed=1
    )
    last = ImageDataGenerator(horizontal_flip=True).flow(X, Y, batch_size=4, seed=1)
    np.testing.assert_array_equal(batches[0][0].transpose(0, 2, 3, 1), last[0][0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: g.flow(X, Y[:5]), ValueError, "x and y must have as many rows, got 10 and 5"),
        (lambda g: g.flow(X, Y, sample_weight=[1]), ValueError, "x and sample_weight must have as many rows"),
        (lambda g: g.flow((X, Y[:5]), Y), ValueError, r"x and x\[1\] must have as many rows, got 10 and 5"),
        (lambda g: g.flow(X[0], Y), ValueError, r"x must be pictures \(n, h, w, c\), got shape \(6, 7, 3\)"),
        (lambda g: g.flow(X, Y, batch_size=0), ValueError, "batch_size must be a positive integer, got 0"),
        (lambda g: g.flow(X, Y, subset="training"), ValueError, "subset='training' needs .* validation_split"),
        (lambda g: g.flow(X, Y, subset="train"), ValueError, "subset must be 'training', 'validation' or None, got"),
        (lambda g: g.flow(X, Y, save_to_dir="no/such"), FileNotFoundError, "save_to_dir must be a folder that exists"),
        (lambda g: g.flow(X, Y, batch_size=4)[3], IndexError, "batch 3 was asked for, but there are 3"),
        (lambda g: next(g.flow(X[:0], Y[:0])), ValueError, "there are no pictures"),
        (
            lambda g: ImageDataGenerator(preprocessing_function=lambda x: x[:2]).flow(X)[0],
            ValueError,
            "preprocessing_function must return a picture of the shape it was given",
        ),
    ],
)
def test_wrong_arguments_of_flow(call, error, message):
    with pytest.raises(error, match=message):
        call(ImageDataGenerator())


def test_odd_channels_are_warned_of():
    with pytest.warns(UserWarning, match="finds 7 along axis 3"):
        ImageDataGenerator().flow(X.transpose(0, 1, 3, 2), Y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("PIL")
    return picture_folders.fill(tmp_path_factory.mktemp("pictures"))


def test_folder(folder, capsys):
    batches = ImageDataGenerator().flow_from_directory(folder, target_size=(24, 24), batch_size=5, shuffle=False)
    assert capsys.readouterr().out == "Found 12 images belonging to 3 classes.\n"
    assert batches.class_indices == {"blue": 0, "green": 1, "red": 2}
    assert ImageDataGenerator().flow_from_directory(folder, target_size=24).target_size == (24, 24)
    assert batches.classes.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert batches.filenames[:2] == [str(Path("blue") / "000.png"), str(Path("blue") / "003.png")]
    assert batches.filepaths == [str(folder / name) for name in batches.filenames]
    assert (batches.samples, batches.n, batches.num_classes, batches.image_shape) == (12, 12, 3, (24, 24, 3))
    assert (batches.class_mode, len(batches)) == ("categorical", 3)
    x, y = all_of(batches)
    assert (x.dtype, y.dtype) == (np.float32, np.float32)
    np.testing.assert_array_equal(y, np.eye(3)[batches.classes])
    pictures, labels = picture_folders.pictures()
    np.testing.assert_array_equal(x, pictures[np.argsort(labels, kind="stable")])


@pytest.mark.parametrize(
    ("class_mode", "expected"),
    [
        ("categorical", [[1, 0], [1, 0], [0, 1], [0, 1]]),
        ("binary", [0, 0, 1, 1]),
        ("sparse", [0, 0, 1, 1]),
    ],
)
def test_class_modes(folder, class_mode, expected):
    batches = ImageDataGenerator().flow_from_directory(
        folder, (8, 8), classes=["red", "blue"], class_mode=class_mode, shuffle=False
    )
    assert batches.class_indices == {"red": 0, "blue": 1}
    y = batches[0][1]
    assert y[[0, 1, 6, 7]].tolist() == expected
    np.testing.assert_array_equal(batches.labels, batches.classes)


def test_pictures_as_targets_and_no_targets(folder):
    x, y = ImageDataGenerator(rotation_range=20).flow_from_directory(folder, (8, 8), class_mode="input")[0]
    np.testing.assert_array_equal(x, y)
    assert x is not y
    alone = ImageDataGenerator().flow_from_directory(folder, (8, 8), class_mode=None)[0]
    assert alone.shape == (12, 8, 8, 3)


def test_folder_of_pictures_without_classes(folder):
    batches = ImageDataGenerator().flow_from_directory(folder / "red", (8, 8), class_mode=None, shuffle=False)
    assert (batches.filenames, batches[0].shape) == (["002.png", "005.png", "008.png", "011.png"], (4, 8, 8, 3))


def test_subsets_of_each_class(folder):
    generator = ImageDataGenerator(validation_split=0.25)
    valid, train = (
        generator.flow_from_directory(folder, (8, 8), subset=subset) for subset in ("validation", "training")
    )
    assert (valid.classes.tolist(), valid.samples, train.samples) == ([0, 1, 2], 3, 9)
    assert not set(valid.filenames) & set(train.filenames)


@pytest.mark.parametrize(("color_mode", "channels"), [("rgb", 3), ("rgba", 4), ("grayscale", 1)])
def test_color_modes_and_layouts(folder, color_mode, channels):
    shapes = {"channels_last": (8, 9, channels), "channels_first": (channels, 8, 9)}
    made = []
    for data_format, shape in shapes.items():
        batches = ImageDataGenerator(data_format=data_format).flow_from_directory(
            folder, (8, 9), color_mode=color_mode, shuffle=False
        )
        assert batches.image_shape == shape
        made.append(batches[0][0])
        assert made[-1].shape == (12, *shape)
    np.testing.assert_array_equal(made[0], made[1].transpose(0, 2, 3, 1))


def test_interpolation_and_aspect(folder):
    load = ImageDataGenerator().flow_from_directory
    nearest, bilinear = (
        load(folder, (10, 20), interpolation=how, shuffle=False)[0][0] for how in ("nearest", "bilinear")
    )
    assert not np.array_equal(nearest, bilinear)
    cut = load(folder, (10, 20), keep_aspect_ratio=True, shuffle=False)[0][0]
    assert not np.array_equal(cut, nearest)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"class_mode": "raw"}, ValueError, "class_mode must be 'categorical', .* or None, got 'raw'"),
        ({"color_mode": "rbg"}, ValueError, "color_mode must be .* Did you mean 'rgb'"),
        (
            {"target_size": (0, 8)},
            ValueError,
            r"target_size must be \(height, width\), two positive ints, got \(0, 8\)",
        ),
        (
            {"target_size": 2.5},
            ValueError,
            r"target_size must be \(height, width\), two positive ints, got 2.5",
        ),
        ({"classes": ["red", "geen"]}, ValueError, "no class folder 'geen'.*Did you mean 'green'"),
        ({"subset": "validation"}, ValueError, "needs a generator with validation_split"),
    ],
)
def test_wrong_arguments_of_folders(folder, arguments, error, message):
    with pytest.raises(error, match=message):
        ImageDataGenerator().flow_from_directory(folder, **arguments)


def test_no_folder_and_no_pictures(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        ImageDataGenerator().flow_from_directory(tmp_path / "missing")
    with pytest.raises(ValueError, match="has no images"):
        ImageDataGenerator().flow_from_directory(tmp_path, class_mode=None)


def test_damaged_file_is_named(tmp_path):
    pytest.importorskip("PIL")
    picture_folders.fill(tmp_path, 3)
    bad = tmp_path / "red" / "bad.png"
    bad.write_bytes((tmp_path / "red" / "002.png").read_bytes()[:100])
    with pytest.raises(ValueError, match=r"bad\.png"):
        ImageDataGenerator().flow_from_directory(tmp_path)[0]


def test_storing_what_the_batches_have(folder, tmp_path):
    batches = ImageDataGenerator(horizontal_flip=True).flow_from_directory(
        folder, (8, 8), batch_size=4, shuffle=False, save_to_dir=tmp_path, save_prefix="seen", save_format="jpeg"
    )
    batches[0], batches[0], batches.batch_at(1, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"seen_{index}_{number}.jpeg" for index in range(4) for number in (0, 1)
    )


def test_the_threads_of_fit_predict_and_evaluate(folder):
    batches = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
        folder, (8, 8), class_mode="sparse", batch_size=5, shuffle=False, workers=3
    )
    utils.set_random_seed(1)
    model = Sequential(
        [layers.Input((8, 8, 3)), layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"])
    expected = model.evaluate(*all_of(batches), batch_size=5, verbose=0)
    assert model.evaluate(batches, verbose=0) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(
        model.predict(batches, verbose=0), model.predict(all_of(batches)[0], batch_size=5, verbose=0)
    )


def test_an_iterator_of_ones_own_says_how_batches_are_made():
    with pytest.raises(NotImplementedError, match=r"Iterator must define _make\(epoch, indices\)"):
        Iterator(4, 2, False, 0)[0]


def test_workers_by_default():
    with_function = ImageDataGenerator(preprocessing_function=lambda image: image).flow(X)
    assert with_function.workers == 1
    assert 1 <= ImageDataGenerator().flow(X).workers <= 4
    assert ImageDataGenerator().flow(X, workers=7).workers == 7
