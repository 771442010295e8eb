"""image_dataset_from_directory and image_dataset_from_dataframe."""

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="Pillow is not installed")
from pictures import encoded, folder_of_classes, noise

from fastcnn import augment, layers, models, utils
from fastcnn.data import ImageDataset
from fastcnn.utils import image_dataset_from_dataframe, image_dataset_from_directory


@pytest.fixture
def folder(tmp_path):
    return folder_of_classes(tmp_path / "set", ("cat", "dog"), 5)


def made(folder, **settings):
    return image_dataset_from_directory(folder, **{"image_size": (4, 4), "verbose": False, "seed": 1, **settings})


def names(dataset):
    return [f"{Path(p).parent.name}/{Path(p).stem}" for p in dataset.file_paths]


def test_defaults(folder, capsys):
    dataset = image_dataset_from_directory(folder)
    assert capsys.readouterr().out == "Found 10 files belonging to 2 classes.\n"
    assert isinstance(dataset, ImageDataset)
    x, y = next(iter(dataset))
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((10, 256, 256, 3), np.float32, (10,), np.int32)
    assert (dataset.class_names, dataset.batch_size, dataset.shuffling) == (["cat", "dog"], 32, True)
    np.testing.assert_array_equal(x[:, 0, 0, 0] // 40, y)


def test_labels(folder):
    assert made(folder, label_mode=None).labels is None
    assert made(folder, labels=None)[0].shape == (10, 4, 4, 3)
    given = made(folder, labels=[2] * 4 + [0] * 6, shuffle=False)
    assert given[0][1].tolist() == [2] * 4 + [0] * 6
    assert given.class_names == ["0", "2"]
    assert made(folder, class_names=["dog", "cat"], shuffle=False)[0][1].tolist() == [0] * 5 + [1] * 5
    assert made(folder, label_mode="categorical", shuffle=False)[0][1].tolist() == [[1, 0]] * 5 + [[0, 1]] * 5
    binary = made(folder, label_mode="binary", shuffle=False)[0][1]
    assert (binary.shape, binary.sum()) == ((10, 1), 5)


def test_images_without_classes(tmp_path):
    for name in ("2.png", "1.jpg", "sub/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encoded(noise(), name[-3:].replace("jpg", "jpeg")))
    dataset = made(tmp_path, labels=None, shuffle=False)
    assert [Path(p).name for p in dataset.file_paths] == ["1.jpg", "2.png", "3.png"]
    assert dataset.class_names is None
    assert dataset[0].shape == (3, 4, 4, 3)


def test_splits(folder, capsys):
    settings = {"validation_split": 0.25, "verbose": True}
    both = made(folder, subset="both", **settings)
    assert "Using 8 files for training.\nUsing 2 files for validation.\n" in capsys.readouterr().out
    assert sorted(names(both[0]) + names(both[1])) == sorted(names(made(folder)))
    assert [names(made(folder, subset=s, **settings)) for s in ("training", "validation")] == [names(d) for d in both]
    assert names(both[0]) != names(made(folder, subset="training", **{**settings, "seed": 2}))
    in_order = made(folder, subset="both", shuffle=False, **settings)
    assert names(in_order[1]) == ["dog/3", "dog/4"]
    assert [d.shuffling for d in both] == [True, False]


def test_validation_is_neither_shuffled_nor_changed(folder):
    train, held = made(folder, validation_split=0.5, subset="both", augment=lambda image: 255 - image)
    for _ in range(2):
        x, y = next(iter(held))
        assert y.tolist() == held.labels.tolist()
        assert x[:, 0, 0, 0].tolist() == [40 * int(n[0] == "d") + int(n[-1]) for n in names(held)]
    assert train[0][0].min() == 55


def test_numpy_shuffles_as_keras_does(folder):
    """Keras shuffles the sorted list with NumPy's Mersenne Twister."""
    listed = [f"{c}/{i}" for c in ("cat", "dog") for i in range(5)]
    np.random.RandomState(7).shuffle(listed)
    assert names(made(folder, seed=7)) == listed


def test_fits(folder):
    train, held = made(folder, validation_split=0.4, subset="both", cache="memory", augment=augment.HorizontalFlip())
    utils.set_random_seed(1)
    model = models.Sequential([layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D(), layers.Dense(2, "softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(train, validation_data=held, epochs=2, verbose=0)
    assert set(history.history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert model.predict(held, verbose=0).shape == (4, 2)


def test_caches_of_both(folder, tmp_path):
    path = tmp_path / "cache" / "digits.npy"
    train, held = made(folder, validation_split=0.4, subset="both", cache=path)
    assert (train[0][0].shape[0], held[0][0].shape[0]) == (6, 4)
    assert {p.name for p in path.parent.glob("*.npy")} == {"digits.npy", "digits-validation.npy"}


def test_unreadable_files_are_left_out_before_the_split(folder):
    (folder / "dog" / "4.png").write_text("no image")
    with pytest.warns(
        UserWarning, match=r"1 of 10 images cannot be read and are left out:\n.*4\.png: this is no image"
    ):
        train, held = made(folder, validation_split=0.34, subset="both", on_error="skip")
    assert (len(train.file_paths), len(held.file_paths)) == (6, 3)
    assert "dog/4" not in names(train) + names(held)
    with pytest.raises(ValueError, match=r"4\.png: this is no image"):
        list(made(folder))


def test_one_class(tmp_path):
    folder_of_classes(tmp_path / "set", ("only",), 3)
    with pytest.warns(UserWarning, match="a single class folder, 'only': there is nothing to tell apart"):
        assert made(tmp_path / "set").class_names == ["only"]
    assert made(tmp_path / "set", label_mode=None)[0].shape == (3, 4, 4, 3)
    with pytest.warns(UserWarning, match="single"), pytest.raises(ValueError, match="exactly 2 classes, got 1"):
        made(tmp_path / "set", label_mode="binary")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": "given"}, "labels must be 'inferred', None or a list of class numbers, got 'given'"),
        ({"labels": [1, 2]}, "labels must be as many as the 10 images in .*, got 2"),
        ({"labels": None, "class_names": ["cat"]}, "class_names can only be given where labels is 'inferred'"),
        ({"class_names": ["cta"]}, r"has no class folder 'cta'.* Did you mean 'cat'\?"),
        ({"label_mode": "onehot"}, "label_mode must be 'int', 'categorical', 'binary', 'raw' or None, got 'onehot'"),
        ({"validation_split": 0.2}, "validation_split and subset must be given both or neither"),
        ({"subset": "training"}, "validation_split and subset must be given both or neither"),
        ({"validation_split": 1.5, "subset": "both"}, "validation_split must be between 0 and 1, got 1.5"),
        (
            {"validation_split": 0.2, "subset": "test"},
            "subset must be 'training', 'validation', 'both' or None, got 'test'",
        ),
        ({"validation_split": 0.2, "subset": "both", "seed": None}, "seed must be given where validation_split is"),
        ({"validation_split": 0.05, "subset": "both"}, "validation_split=0.05 of 10 images leaves one subset empty"),
        ({"format": "torch"}, "format must be 'tf' or 'grain', got 'torch'"),
        ({"on_error": "warn"}, "on_error must be 'raise' or 'skip', got 'warn'"),
    ],
)
def test_what_is_refused(folder, settings, message):
    with pytest.raises(ValueError, match=message):
        made(folder, **settings)


def test_folders_that_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="directory .*nowhere does not exist"):
        made(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no class folders and no images"):
        made(tmp_path)
    with pytest.raises(ValueError, match="has no images in it or below it"):
        made(tmp_path, labels=None)


# Tables


TABLE = {"filename": ["dog/1.png", "cat/0.png", "dog/3.png", "cat/2.png"], "class": ["dog", "cat", "dog", "cat"]}


def from_table(folder, table=None, **settings):
    settings = {"image_size": 4, "verbose": False, "shuffle": False, **settings}
    return image_dataset_from_dataframe(TABLE if table is None else table, folder, **settings)


def test_table(folder, capsys):
    dataset = from_table(folder, verbose=True)
    assert capsys.readouterr().out == "Found 4 files belonging to 2 classes.\n"
    x, y = dataset[0]
    assert (y.tolist(), dataset.class_names) == ([1, 0, 1, 0], ["cat", "dog"])
    assert x[:, 0, 0, 0].tolist() == [41, 0, 43, 2]
    assert from_table(folder, class_names=["dog", "cat"])[0][1].tolist() == [0, 1, 0, 1]
    assert from_table(folder, y_col=None)[0].shape == (4, 4, 4, 3)
    assert from_table(folder, label_mode=None)[0].shape == (4, 4, 4, 3)
    train, held = from_table(folder, validation_split=0.25, subset="both")
    assert (names(train), names(held)) == (["dog/1", "cat/0", "dog/3"], ["cat/2"])
    absolute = {"path": [str(folder / n) for n in TABLE["filename"]], "class": [3, 1, 3, 1]}
    dataset = from_table(None, absolute, x_col="path")
    assert (dataset[0][1].tolist(), dataset.class_names) == ([1, 0, 1, 0], ["1", "3"])


def test_numbers_to_predict(folder):
    table = {**TABLE, "x": [0.5, 1.5, 2.5, 3.5], "y": [1, 2, 3, 4]}
    assert from_table(folder, table, y_col="x", label_mode="raw")[0][1].tolist() == [0.5, 1.5, 2.5, 3.5]
    assert from_table(folder, table, y_col=["x", "y"], label_mode="raw")[0][1].shape == (4, 2)


def test_pandas(folder):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(TABLE)[::-1]
    dataset = from_table(folder, frame)
    assert dataset[0][1].tolist() == [0, 1, 0, 1]
    with pytest.raises(ValueError, match=r"dataframe has no column 'file'; it has \['filename', 'class'\]"):
        from_table(folder, frame, x_col="file")


def test_tables_that_are_refused(folder):
    with pytest.raises(ValueError, match="dataframe has no column 'label'"):
        from_table(folder, y_col="label")
    with pytest.raises(ValueError, match="dataframe has no rows"):
        from_table(folder, {"filename": [], "class": []})
    with pytest.raises(ValueError, match=r"column 'class' has classes that class_names lacks: \['dog'\]"):
        from_table(folder, class_names=["cat"])
    lost = {"filename": ["cat/0.png", "cat/77.png"], "class": ["a", "b"]}
    with pytest.raises(
        FileNotFoundError, match=r"1 of 2 files of column 'filename' do not exist, the first is .*77\.png"
    ):
        from_table(folder, lost)
    with pytest.warns(UserWarning, match=r"1 of 2 images cannot be read.*\n.*77\.png: No such file"):
        assert names(from_table(folder, lost, on_error="skip")) == ["cat/0"]


# Real data


def real(name):
    root = os.environ.get("FASTCNN_DATA")
    if not root:
        pytest.skip("FASTCNN_DATA is not set")
    if not (Path(root) / name).is_dir():
        pytest.skip(f"FASTCNN_DATA has no {name}")
    return Path(root) / name


def test_flowers():
    """Photographs of all sizes, two progressive JPEGs, two PNGs."""
    kinds = ["daisy", "dandelion", "roses", "sunflowers", "tulips"]
    dataset = made(real("flowers-small"), class_names=kinds, image_size=(32, 32), batch_size=50, cache="memory")
    assert [len(x) for x, _ in dataset] == [50] * 4
    means = [x.mean() for x, _ in dataset]
    assert 60 < np.mean(means) < 160
    assert np.bincount(dataset.labels).tolist() == [40] * 5


def test_photographs():
    from fastcnn.data import read_image

    files = [p for p in real("photos").rglob("*") if p.suffix in (".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff")]
    assert len(files) > 5
    for path in files:
        image = read_image(path, target_size=(16, 16))
        assert (image.shape, image.dtype) == ((16, 16, 3), np.uint8)
        assert image.std() > 1, path.name


def test_digits_in_two_ways(tmp_path):
    """A few hundred photographs, cached in a file: the same bits as read anew."""
    settings = {"class_names": ["3", "7"], "image_size": (24, 24), "seed": 3, "color_mode": "grayscale"}
    plain = made(real("sign-language-digits"), **settings)
    cached = made(real("sign-language-digits"), cache=tmp_path / "digits.npy", workers=3, **settings)
    assert len(plain.file_paths) > 400
    for (a, la), (b, lb) in zip(plain, cached, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(la, lb)
