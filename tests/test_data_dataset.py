"""ImageDataset: batches, orders, augmentation, caches; the same bits for every number of workers."""

import threading
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="Pillow is not installed")
from pictures import encoded, folder_of_classes, noise

from fastcnn import augment, callbacks, layers, models, utils
from fastcnn.data import AUTOTUNE, ImageDataset, UnreadableImageError, list_folder

CHANGES = augment.Compose([augment.HorizontalFlip(p=0.5), augment.RandomBrightnessContrast(p=1.0)])


@pytest.fixture
def pictures(tmp_path):
    """Seven images of various sizes in two classes."""
    for i, size in enumerate([(6, 8), (9, 5), (16, 16), (8, 8), (30, 12), (7, 7), (8, 6)]):
        path = tmp_path / f"class{i % 2}" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encoded(noise(*size, seed=i), "PNG"))
    return tmp_path


def made(root, **settings):
    paths, labels, names = list_folder(root)
    return ImageDataset(
        paths, labels, **{"class_names": names, "image_size": (8, 8), "batch_size": 3, "seed": 5, **settings}
    )


def arrays(dataset):
    """All of one pass."""
    batches = [batch if isinstance(batch, tuple) else (batch,) for batch in dataset]
    return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def same(a, b):
    return all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


def test_batches(pictures):
    dataset = made(pictures)
    batches = list(dataset)
    assert [x.shape for x, _ in batches] == [(3, 8, 8, 3), (3, 8, 8, 3), (1, 8, 8, 3)]
    assert {x.dtype for x, _ in batches} == {np.dtype("float32")}
    assert (len(dataset), dataset.num_batches, dataset.class_names) == (3, 3, ["class0", "class1"])
    assert np.concatenate([y for _, y in batches]).tolist() == dataset.labels.tolist() == [0, 0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(dataset[-1][0], dataset[2][0])
    with pytest.raises(IndexError, match="batch 3 of a dataset of 3"):
        dataset[3]


@pytest.mark.parametrize(
    ("mode", "wanted", "dtype"),
    [
        ("int", [0, 0, 1], "int32"),
        ("categorical", [[1, 0], [1, 0], [0, 1]], "float32"),
        ("binary", [[0], [0], [1]], "float32"),
        ("raw", [0, 0, 1], "float32"),
    ],
)
def test_label_modes(pictures, mode, wanted, dtype):
    paths, _, names = list_folder(pictures)
    _, y = ImageDataset(paths[:3], [0, 0, 1], class_names=names, label_mode=mode)[0]
    assert (y.tolist(), y.dtype) == (wanted, dtype)
    assert ImageDataset(paths[:3], [0, 0, 1], label_mode=None)[0].shape == (3, 256, 256, 3)
    assert ImageDataset(paths[:3])[0].shape == (3, 256, 256, 3)


def test_orders_and_epochs(pictures):
    dataset = made(pictures, shuffle=True)
    first, second = arrays(dataset), arrays(dataset)
    assert dataset.epoch == 2
    assert not same(first, second)
    assert np.array_equal(np.sort(first[0].sum((1, 2, 3))), np.sort(second[0].sum((1, 2, 3))))
    again = made(pictures, shuffle=True)
    assert same(arrays(again), first)
    assert same(arrays(again), second)
    assert not same(arrays(made(pictures, shuffle=True, seed=6)), first)
    utils.set_random_seed(1)
    drawn = made(pictures, shuffle=True, seed=None)
    utils.set_random_seed(1)
    assert made(pictures, shuffle=True, seed=None).seed == drawn.seed


@pytest.mark.parametrize("cache", [None, "memory", "images.npy"])
def test_any_number_of_workers(pictures, tmp_path, cache):
    settings = {"shuffle": True, "augment": CHANGES}
    expected = made(pictures, workers=0, **settings)
    expected = [arrays(expected) for _ in range(2)]
    for workers in (1, 2, 8):
        own = cache if cache is None or cache == "memory" else tmp_path / f"{workers}.npy"
        dataset = made(pictures, workers=workers, cache=own, **settings)
        assert all(same(arrays(dataset), epoch) for epoch in expected), workers


def test_augmentation_follows_seed_epoch_and_file(pictures):
    plain, changed = made(pictures), made(pictures, augment=CHANGES)
    first, second = arrays(changed), arrays(changed)
    assert len(changed) == len(plain)
    assert not same(first, second)
    for i in range(7):
        expected = augment.apply(CHANGES, plain.files[i].clip(0, 255).round().astype(np.uint8), (5, 1, i))
        np.testing.assert_array_equal(second[0][i], expected)
    shuffled = made(pictures, augment=CHANGES, shuffle=True)
    order = shuffled.order(0)
    np.testing.assert_array_equal(arrays(shuffled)[0], first[0][order])


def test_augment_sees_whole_pixels_and_preprocess_comes_after(pictures):
    seen = []

    def look(image):
        seen.append(("augment", image.dtype.name, image.shape))
        return 255 - image

    def scale(batch):
        seen.append(("preprocess", batch.dtype.name, batch.shape))
        return batch / 255

    found = made(pictures, augment=look, preprocess=scale, workers=0, batch_size=2)[0][0]
    assert seen == [("augment", "uint8", (8, 8, 3))] * 2 + [("preprocess", "float32", (2, 8, 8, 3))]
    plain = made(pictures, batch_size=2)[0][0].round()
    np.testing.assert_allclose(found, (255 - plain) / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"augment": augment.Compose([augment.Horizontal(), augment.Normalize()]), "preprocess": abs}, ValueError, "augment ends with Normalize, and preprocess would come after it"),
        ({"augment": lambda i: i / 255.0, "preprocess": abs}, ValueError, "augment must return pixels 0..255 where preprocess follows, got numbers from 0"),
        ({"augment": lambda i: i - 120.0, "preprocess": abs}, ValueError, "augment must return pixels 0..255 .* got numbers from -1"),
        ({"preprocess": CHANGES}, ValueError, "preprocess has HorizontalFlip, which changes images .* pass it as augment"),
        ({"augment": layers.Dropout(0.5, name="d")}, TypeError, "augment must be a function of one image .* got the layer 'd'"),
        ({"augment": 3}, TypeError, "augment must be a function of an image, a transform or None, got 3"),
        ({"preprocess": lambda x: x.sum()}, ValueError, r"gets a batch of shape \(3, 8, 8, 3\) and must return as many"),
        ({"augment": lambda i: i.sum()}, ValueError, r"augment must return an image of shape \(h, w, c\), got shape \(\)"),
        ({"image_size": None}, ValueError, r"the images of a batch must have one shape, got \[\(6, 8, 3\)"),
        ({"batch_size": 0}, ValueError, "batch_size must be a positive int or None, got 0"),
        ({"cache": "images.h5"}, ValueError, "cache must be None, 'memory' or a path that ends in '.npy', got 'images.h5'"),
        ({"cache": "a.npy", "image_size": None}, ValueError, "a .npy file needs images of one size"),
        ({"on_error": "ignore"}, ValueError, "on_error must be 'raise' or 'skip', got 'ignore'"),
        ({"color_mode": "bgr"}, ValueError, r"color_mode must be one of .* got 'bgr'"),
        ({"interpolation": "cubic"}, ValueError, r"interpolation must be one of .* Did you mean 'bicubic'\?"),
        ({"image_size": (8,)}, ValueError, r"image_size must be \(height, width\), two positive ints, got \(8,\)"),
        ({"image_size": (0, 8)}, ValueError, r"image_size must be"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, ValueError, "only one of crop_to_aspect_ratio"),
        ({"data_format": "NCHW"}, ValueError, "data_format must be 'channels_last' or 'channels_first', got 'NCHW'"),
        ({"label_mode": "one-hot"}, ValueError, "label_mode must be 'int', 'categorical', 'binary', 'raw' or None"),
        ({"label_mode": "binary", "class_names": ["a", "b", "c"]}, ValueError, "needs exactly 2 classes, got 3"),
        ({"label_mode": "categorical", "class_names": ["a"]}, ValueError, "below the number of classes, 1, got 1"),
        ({"workers": -1}, ValueError, "workers must be 0 or more, got -1"),
    ],
)  # fmt: skip
def test_what_is_refused(pictures, settings, error, message):
    with pytest.raises(error, match=message):
        list(made(pictures, **settings))


def test_labels_that_are_refused():
    with pytest.raises(ValueError, match="labels must be as many as the 1 files, got 2"):
        ImageDataset(["a.png"], [0, 1])
    with pytest.raises(TypeError, match="labels must be numbers"):
        ImageDataset(["a.png"], ["cat"])
    with pytest.raises(ValueError, match="labels must be one class number from 0 for each file"):
        ImageDataset(["a.png"], [-1])
    with pytest.raises(ValueError, match="file_paths is empty"):
        ImageDataset([])


def test_transforms_alone(pictures):
    """Normalize may stand last in augment, or alone as preprocess."""
    normalize = augment.Normalize()
    as_last = made(pictures, augment=augment.Compose([normalize]))[0][0]
    as_preprocess = made(pictures, preprocess=normalize)[0][0]
    np.testing.assert_allclose(as_last, as_preprocess, atol=0.02)
    assert np.abs(as_preprocess).max() < 3


def test_sizes_of_their_own(pictures):
    crop = augment.Compose([augment.PadIfNeeded(16, 16, p=1), augment.RandomCrop(10, 12, p=1)])
    assert made(pictures, image_size=None, augment=crop)[0][0].shape == (3, 10, 12, 3)
    assert made(pictures, image_size=None, batch_size=None)[0][0].shape == (6, 8, 3)


def test_layouts(pictures):
    x = made(pictures)[0][0]
    np.testing.assert_array_equal(made(pictures, data_format="channels_first")[0][0], x.transpose(0, 3, 1, 2))
    assert made(pictures, color_mode="grayscale")[0][0].shape == (3, 8, 8, 1)
    assert made(pictures, color_mode="rgba")[0][0].shape == (3, 8, 8, 4)
    padded = made(pictures, pad_to_aspect_ratio=True)[0][0][0]
    assert not padded[0].any()
    assert not np.array_equal(made(pictures, crop_to_aspect_ratio=True)[0][0][0], x[0])


def test_unreadable_files(pictures):
    bad = pictures / "class0" / "2.png"
    bad.write_bytes(bad.read_bytes()[:100])
    (pictures / "class1" / "9.png").write_text("no image")
    dataset = made(pictures)
    with pytest.raises(UnreadableImageError, match=r"class0/2\.png: cannot be decoded"):
        list(dataset)
    assert not [t for t in threading.enumerate() if t.name.startswith("fastcnn-loader")]
    with pytest.warns(
        UserWarning, match=r"2 of 8 images cannot be read.*\n.*2\.png: cannot.*\n.*9\.png: this is no"
    ) as seen:
        dataset = made(pictures, on_error="skip")
    assert len(seen) == 1
    assert [Path(p).name for p in dataset.file_paths] == ["0.png", "4.png", "6.png", "1.png", "3.png", "5.png"]
    assert dataset.labels.tolist() == arrays(dataset)[1].tolist() == [0, 0, 0, 1, 1, 1]


def test_memory_cache_reads_once(pictures):
    dataset = made(pictures, cache="memory")
    first = arrays(dataset)
    for path in dataset.file_paths:
        Path(path).unlink()
    assert same(arrays(dataset), first)

    def blacken(image):
        image[:] = 0
        return image

    dataset.augment = blacken
    assert arrays(dataset)[0].max() == 0
    dataset.augment = None  # working in place did not change what is kept
    assert same(arrays(dataset), first)


def test_file_cache(pictures, tmp_path):
    path = tmp_path / "deep" / "images.npy"
    first = arrays(made(pictures, cache=path))
    assert same(first, arrays(made(pictures)))
    stored = np.load(path, mmap_mode="r")
    assert (stored.shape, stored.dtype) == ((7, 8, 8, 3), np.float32)
    time = path.stat().st_mtime_ns
    assert same(arrays(made(pictures, cache=path)), first)
    assert path.stat().st_mtime_ns == time
    # Other settings, other files: written anew.
    assert arrays(made(pictures, cache=path, image_size=(4, 4)))[0].shape == (7, 4, 4, 3)
    assert same(arrays(made(pictures, cache=path)), first)
    changed = pictures / "class0" / "0.png"
    changed.write_bytes(encoded(noise(5, 5, seed=99), "PNG"))
    assert not same(arrays(made(pictures, cache=path)), first)
    path.write_bytes(b"broken")
    assert same(arrays(made(pictures, cache=path)), arrays(made(pictures)))
    assert sorted(p.name for p in path.parent.iterdir()) == ["images.npy", "images.npy.json"]
    arrays(made(pictures, cache=path, augment=CHANGES))
    assert np.load(path).dtype == np.uint8


def test_interrupted_cache_leaves_nothing(pictures, tmp_path):
    (pictures / "class1" / "5.png").write_text("no image")
    path = tmp_path / "out" / "images.npy"
    with pytest.raises(UnreadableImageError, match=r"5\.png"):
        list(made(pictures, cache=path))
    assert list(path.parent.iterdir()) == []


def test_as_tf_data(pictures):
    dataset = made(pictures, batch_size=2)
    scaled = dataset.map(lambda x, y: (x / 255, y + 1), num_parallel_calls=AUTOTUNE).cache().prefetch(AUTOTUNE)
    np.testing.assert_allclose(scaled[0][0], dataset[0][0] / 255)
    assert scaled[0][1].tolist() == [1, 1]
    assert [len(list(d)) for d in (dataset.take(2), dataset.skip(3), dataset.take(-1), dataset.skip(-1))] == [
        2,
        1,
        4,
        0,
    ]
    np.testing.assert_array_equal(dataset.skip(1).take(1)[0][0], dataset[1][0])
    assert dataset.prefetch(7).max_queue_size == 7
    assert dataset.prefetch(0).workers == 0
    shuffled = dataset.shuffle(1000, seed=9)
    assert sorted(arrays(shuffled)[1]) == sorted(arrays(dataset)[1])
    assert shuffled.order(0).tolist() != list(range(7))
    assert dataset.order(0).tolist() == list(range(7))
    single = made(pictures, batch_size=None)
    assert (len(single), single[0][0].shape, int(single[6][1])) == (7, (8, 8, 3), 1)
    assert same(arrays(single.batch(2)), arrays(dataset))
    assert len(single.batch(2, drop_remainder=True)) == 3
    images = made(pictures, label_mode=None).map(lambda x: x * 0)
    assert arrays(images)[0].max() == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda d: d.batch(3), ValueError, "the dataset has batches of 3 already"),
        (lambda d: d.shuffle(10, reshuffle_each_iteration=False), NotImplementedError, "reshuffle_each_iteration=False is not"),
        (lambda d: d.shuffle(10, sead=1), TypeError, "shuffle got an unknown argument 'sead'"),
        (lambda d: d.take(2.5), TypeError, "count must be an integer, got 2.5"),
        (lambda d: d.skip("1"), TypeError, "count must be an integer, got '1'"),
        (lambda d: d.prefetch("auto"), TypeError, "buffer_size must be an integer, got 'auto'"),
        (lambda d: d.map(None), TypeError, "map_func must be a function, got None"),
    ],
)  # fmt: skip
def test_what_chains_refuse(pictures, call, error, message):
    with pytest.raises(error, match=message):
        call(made(pictures))
    single = made(pictures, batch_size=None)
    with pytest.raises(NotImplementedError, match="batch after take, skip or map is not supported"):
        single.take(2).batch(2)
    with pytest.raises(ValueError, match="batch_size must be a positive int, got 0"):
        single.batch(0)


def test_numpy_of_batches(pictures):
    """As in every tutorial: ``for images, labels in dataset.take(1): images[0].numpy().astype("uint8")``."""
    for images, labels in made(pictures).take(1):
        assert type(images[0].numpy()) is np.ndarray
        assert images[0].numpy().astype("uint8").shape == (8, 8, 3)
        assert labels.numpy().tolist() == [0, 0, 0]
        assert made(pictures).class_names[labels[0]] == "class0"
    assert made(pictures).cardinality() == 3
    x, y = next(made(pictures).as_numpy_iterator())
    assert (type(x), type(y), x.shape, y.shape) == (np.ndarray, np.ndarray, (3, 8, 8, 3), (3,))
    assert type(next(made(pictures, label_mode=None).as_numpy_iterator())) is np.ndarray
    assert repr(made(pictures)) == "<ImageDataset: 7 images of 2 classes, 3 batches of 3>"


@pytest.mark.parametrize("workers", [0, 4])
def test_layers_that_draw_random_numbers_in_map(pictures, workers):
    """They are called in the order of the batches, whoever loads these."""
    found = []
    for used in (0, workers):
        layer = layers.Dropout(0.5, seed=4)
        dataset = made(pictures, workers=used).map(lambda x, y, layer=layer: (layer(x, training=True), y))
        found.append(trained(dataset, epochs=2))
    assert same(*found)


def small_network():
    utils.set_random_seed(3)
    model = models.Sequential([layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(dataset, **settings):
    model = small_network()
    model.fit(dataset, verbose=0, **settings)
    return [w.copy() for w in model.get_weights()]


def test_training_does_not_depend_on_workers(pictures):
    found = [
        trained(made(pictures, shuffle=True, augment=CHANGES, workers=w), epochs=2, validation_data=made(pictures, workers=w))
        for w in (0, 1, 2, 8)
    ]  # fmt: skip
    assert all(same(found[0], other) for other in found[1:])
    assert not [t for t in threading.enumerate() if t.name.startswith("fastcnn-loader")]


def test_epochs_of_a_fit_are_those_of_the_dataset(pictures):
    seen = []
    dataset = made(pictures, shuffle=True, augment=CHANGES).map(lambda x, y: (seen.append(x.copy()) or x, y))
    small_network().fit(dataset, epochs=2, verbose=0)
    again = made(pictures, shuffle=True, augment=CHANGES)
    assert same([np.concatenate(seen)], [np.concatenate([arrays(again)[0] for _ in range(2)])])
    assert dataset.epoch == 2
    del seen[:]
    small_network().fit(dataset, epochs=1, verbose=0)  # a second fit goes on
    assert same([np.concatenate(seen)], [arrays(again)[0]])
    del seen[:]
    small_network().fit(dataset, initial_epoch=3, epochs=4, verbose=0)
    assert same([np.concatenate(seen)], [arrays(again)[0]])


class Stop(callbacks.Callback):
    """Ends the process, as it were, after some steps."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise SystemError("killed")


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [1, 3, 4])
@pytest.mark.parametrize("fits_before", [0, 1])
def test_a_fit_goes_on_in_the_middle_of_an_epoch(pictures, workers, stop, fits_before):
    """Stopped after ``stop`` steps of nine, gone on with by a dataset that is new: the bits of a fit that was not."""
    found = []
    for interrupted in (False, True):
        dataset = made(pictures, shuffle=True, augment=CHANGES, workers=workers)
        model = small_network()
        for _ in range(fits_before):
            model.fit(dataset, verbose=0)
        if interrupted:
            with pytest.raises(SystemError, match="killed"):
                model.fit(dataset, epochs=3, verbose=0, callbacks=[Stop(stop)])
            assert not [t for t in threading.enumerate() if t.name.startswith("fastcnn-loader")]
            model._resume_state = model._fit_state.get()
            dataset = made(pictures, shuffle=True, augment=CHANGES, workers=workers)
        model.fit(dataset, epochs=3, verbose=0)
        found.append(model.get_weights())
    assert same(*found)


def test_evaluate_and_predict(pictures):
    dataset = made(pictures, workers=2)
    model = small_network()
    x, y = arrays(dataset)
    np.testing.assert_array_equal(model.predict(dataset, verbose=0), model.predict(x, batch_size=3, verbose=0))
    by_dataset = model.evaluate(dataset, verbose=0)
    np.testing.assert_allclose(by_dataset, model.evaluate(x, y, batch_size=3, verbose=0), rtol=1e-6)


def test_interrupt(pictures):
    """Ctrl-C while batches are loaded ahead: threads end."""

    class Interrupt(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

        on_predict_batch_end = on_train_batch_end

    model = small_network()
    for run in (model.fit, model.predict):
        with pytest.raises(KeyboardInterrupt):
            run(made(pictures, workers=4), verbose=0, callbacks=[Interrupt()])
        assert not [t for t in threading.enumerate() if t.name.startswith("fastcnn-loader")]


def test_mistakes_of_threads_reach_fit(pictures):
    def fail(image):
        raise RuntimeError("no such luck")

    data = made(pictures, augment=fail, workers=3)
    with pytest.raises(RuntimeError, match="no such luck") as told:
        trained(data, epochs=1)
    assert any(
        note.startswith(f"while {path}, of shape (8, 8, 3)")
        for note in told.value.__notes__
        for path in data.file_paths
    )


def test_pickle(pictures, tmp_path):
    import pickle

    for cache in (None, "memory", tmp_path / "a.npy"):
        dataset = made(pictures, cache=cache, shuffle=True)
        first = arrays(dataset)
        copy = pickle.loads(pickle.dumps(dataset))
        copy.epoch = 0
        assert same(arrays(copy), first)


def test_one_colour_each(tmp_path):
    """Which file went where, seen by its colour."""
    dataset = made(folder_of_classes(tmp_path, ("a", "b", "c"), 2), image_size=4, batch_size=10, shuffle=True)
    x, y = dataset[0]
    assert x[:, 0, 0].tolist() == [[40 * (i // 2) + i % 2, 10, 200] for i in dataset.order(0)]
    assert y.tolist() == [i // 2 for i in dataset.order(0)]
