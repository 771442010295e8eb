"""Pictures: that they show the numbers they were given, and that drawing them disturbs nothing."""

import io
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fastcnn import augment, callbacks, layers, models, transfer, viz
from fastcnn.preprocessing.image import ImageDataGenerator

pytest.importorskip("matplotlib")

HISTORY = {
    "accuracy": [0.2, 0.5, 0.7, 0.8],
    "loss": [2.0, 1.0, 0.6, 0.4],
    "val_accuracy": [0.3, 0.45, 0.6, 0.55],
    "val_loss": [1.9, 1.2, 0.9, 1.1],
}


def lines(ax):
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines}


def picture(figure):
    """What the figure looks like, (h, w, 4)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


def texts_overlap(figure, texts):
    boxes = [t.get_window_extent() for t in texts if t.get_text()]
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def colours(n=4, size=6):
    return np.stack([np.full((size, size, 3), 10 * i, np.uint8) for i in range(n)])


# ---- learning curves


def fitted(**kwargs):
    rng = np.random.default_rng(0)
    model = models.Sequential([layers.Input((3,)), layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = rng.normal(size=(20, 3)).astype("float32"), rng.integers(0, 2, 20)
    return model.fit(x, y, epochs=4, validation_data=(x, y), verbose=0, **kwargs)


def test_curves_are_the_history():
    figure = viz.plot_history(HISTORY)
    assert [ax.get_title() for ax in figure.axes] == ["loss", "accuracy"]
    for ax, name in zip(figure.axes, ("loss", "accuracy"), strict=True):
        assert lines(ax)["training"] == ([1, 2, 3, 4], HISTORY[name])
        assert lines(ax)["validation"] == ([1, 2, 3, 4], HISTORY[f"val_{name}"])
        assert lines(ax)["best: epoch 3"][0] == [3, 3]
        marked = {tuple(p) for dots in ax.collections for p in dots.get_offsets().tolist()}
        assert marked == {(3.0, HISTORY[name][2]), (3.0, HISTORY[f"val_{name}"][2])}
    assert figure.get_suptitle() == "best epoch 3 of 4 with val_loss 0.9"


def test_curves_of_fit_and_of_its_csv_file(tmp_path):
    file = tmp_path / "log.csv"
    history = fitted(callbacks=[callbacks.CSVLogger(file, separator=";")])
    a, b = viz.plot_history(history), viz.plot_history(str(file))
    for one, other in zip(a.axes, b.axes, strict=True):
        name = one.get_title()
        assert lines(one)["training"] == ([1, 2, 3, 4], history.history[name])
        assert lines(one).keys() == lines(other).keys()
        for label, (x, y) in lines(one).items():
            assert lines(other)[label][0] == x
            np.testing.assert_allclose(lines(other)[label][1], y)


def test_epochs_without_validation(tmp_path):
    figure = viz.plot_history(fitted(validation_freq=2), "loss")
    assert lines(figure.axes[0])["validation"][0] == [2, 4]
    file = tmp_path / "log.csv"
    file.write_text("epoch,loss,val_loss\n0,3,NA\n1,2,1.5\n2,1,NA\n")
    assert lines(viz.plot_history(file).axes[0])["validation"] == ([2], [1.5])
    assert lines(viz.plot_history({"loss": [3, 2, 1], "val_loss": [2, 1]}).axes[0])["validation"] == ([2, 3], [2, 1])


def test_phases_of_fine_tuning():
    rng = np.random.default_rng(0)
    base = models.Sequential([layers.Input((6, 6, 1)), layers.Conv2D(2, 3)])
    model = transfer.build(base, classes=2)
    x, y = rng.random((8, 6, 6, 1)).astype("float32"), np.arange(8) % 2
    history = transfer.fine_tune(model, x, y, validation_data=(x, y), head_epochs=2, epochs=3, verbose=0)
    figure = viz.plot_history(history)
    ax = figure.axes[0]
    assert [(t.get_text(), t.get_position()[0]) for t in ax.texts] == [("head", 1.5), ("tune", 4.0)]
    assert lines(ax)["validation"] == ([1, 2, 3, 4, 5], history.history["val_loss"])
    assert f"best: epoch {history.best_epoch + 1}" in lines(ax)
    assert figure.get_suptitle() == f"best epoch {history.best_epoch + 1} of 5 with val_accuracy {history.best:.4g}"


def test_chosen_metrics_and_monitor():
    figure = viz.plot_history(HISTORY, ["accuracy"], monitor="accuracy", title="mine")
    assert [ax.get_title() for ax in figure.axes] == ["accuracy"] and figure.get_suptitle() == "mine"
    assert "best: epoch 4" in lines(figure.axes[0])
    with_rate = {**HISTORY, "learning_rate": [0.1, 0.01, 0.001, 0.001]}
    assert len(viz.plot_history(with_rate).axes) == 2
    assert viz.plot_history(with_rate, "learning_rate").axes[0].get_yscale() == "log"
    assert not any("best" in label for label in lines(viz.plot_history({"accuracy": [1.0]}).axes[0]))


def test_axes_of_ones_own():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert viz.plot_history(HISTORY, "loss", ax=left) is figure
    assert viz.confusion_matrix([0, 1], [0, 1], ax=right) is figure
    assert lines(left)["training"][1] == HISTORY["loss"] and right.get_ylabel() == "true"


# ---- confusion matrix


def cells(ax, count):
    return np.reshape([t.get_text() for t in ax.texts], (count, count)).tolist()


def test_confusions_are_counted():
    true, predicted = [0, 0, 0, 1, 2, 2], [0, 1, 1, 1, 2, 0]
    expected = [["1", "2", "0"], ["0", "1", "0"], ["1", "0", "1"]]
    probabilities = np.eye(3)[predicted] * 0.8 + 0.05
    for y_true in (true, np.eye(3)[true]):
        for y_pred in (predicted, probabilities):
            ax = viz.confusion_matrix(y_true, y_pred).axes[0]
            assert cells(ax, 3) == expected
            assert ax.get_title() == "3 of 6 right (50.0%)"


def test_confusions_of_one_sigmoid():
    assert cells(viz.confusion_matrix([[0], [0], [1]], [[0.2], [0.6], [0.9]]).axes[0], 2) == [["1", "1"], ["0", "1"]]


@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ("true", [["0.67", "0.33"], ["0", "1.00"]]),
        ("pred", [["1.00", "0.50"], ["0", "0.50"]]),
        ("all", [["0.50", "0.25"], ["0", "0.25"]]),
    ],
)
def test_confusions_as_parts(normalize, expected):
    ax = viz.confusion_matrix([0, 0, 0, 1], [0, 0, 1, 1], normalize=normalize).axes[0]
    assert cells(ax, 2) == expected
    np.testing.assert_allclose(ax.images[0].get_array(), np.array(expected, float), atol=0.005)


def test_names_do_not_overlap_and_classes_that_never_come_are_there():
    names = ["sea gull over the sea", "cat", "Egyptian_cat", "a bicycle built for two persons", "$5 or 6$"]
    figure = viz.confusion_matrix([0, 1, 2], [0, 1, 1], names)
    picture(figure)
    ax = figure.axes[0]
    assert len(ax.texts) == 25 and [t.get_text() for t in ax.get_yticklabels()][2] == "Egyptian cat"
    # Names on the slant: their boxes overlap, but not the letters; the ends are as far apart as the columns.
    assert not texts_overlap(figure, ax.get_yticklabels())
    assert not texts_overlap(figure, ax.texts)
    assert all(t.get_rotation() == 45 for t in ax.get_xticklabels())
    assert len(viz.confusion_matrix(np.arange(40), np.arange(40)).axes[0].texts) == 0


# ---- galleries


def test_images_and_names():
    figure = viz.show_images(colours(), [0, 1, 1, 0], ["cat", "dog"], n=3)
    assert [ax.get_title() for ax in figure.axes] == ["cat", "dog", "dog"]
    for ax, image in zip(figure.axes, colours(), strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
    mixed = viz.show_images([np.zeros((5, 7)), np.zeros((9, 3, 3))], titles=["a", "b"])
    assert [ax.images[0].get_array().shape for ax in mixed.axes] == [(5, 7), (9, 3, 3)]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.array([[[0.0, 0.5, 1.0]]]), [0, 0.5, 1]),
        (np.array([[[0.0, 51.0, 255.0]]]), [0, 0.2, 1]),
        (np.array([[[-1.0, 0.0, 3.0]]]), [0, 0.25, 1]),
        (np.array([[[0, 7, 255]]], np.uint8), [0, 7, 255]),
        (np.array([[[np.nan, 0.0, 1.0]]]), [0, 0, 1]),
        (np.array([[[1.0, 0.0]]]), 0.5),
    ],
)
def test_pixels_as_they_are_drawn(image, expected):
    np.testing.assert_allclose(viz.show_images([image]).axes[0].images[0].get_array()[0, 0], expected, rtol=1e-6)


def test_mistakes_come_surest_first():
    predicted = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.05, 0.95]])
    figure = viz.misclassified(colours(), [0, 1, 0, 0], predicted, ["cat", "dog"])
    assert [ax.get_title().replace("\n", " ") for ax in figure.axes] == [
        "true: cat predicted: dog 95.0 %",
        "true: cat predicted: dog 70.0 %",
        "true: dog predicted: cat 60.0 %",
    ]
    assert [int(ax.images[0].get_array()[0, 0, 0]) for ax in figure.axes] == [30, 20, 10]
    assert figure.get_suptitle() == "3 of 4 wrong"
    given = viz.misclassified(colours(), [0, 1, 0, 0], predicted, order="given", n=2)
    assert [int(ax.images[0].get_array()[0, 0, 0]) for ax in given.axes] == [10, 20]
    assert given.get_suptitle() == "3 of 4 wrong; the first 2"
    assert viz.misclassified(colours(), [0, 1, 0, 0], predicted, n=1).get_suptitle().endswith("the 1 it was surest of")


def test_mistakes_of_classes_and_of_one_sigmoid():
    figure = viz.misclassified(colours(2), [0, 1], [1, 1])
    assert [ax.get_title() for ax in figure.axes] == ["true: 0\npredicted: 1"]
    figure = viz.misclassified(colours(2), [0, 1], [[0.1], [0.2]])
    assert [ax.get_title() for ax in figure.axes] == ["true: 1\npredicted: 0\n80.0 %"]
    assert viz.misclassified(colours(2), [0, 1], [0, 1]).texts[0].get_text() == "all 2 images are classified right"


def test_long_names_of_neighbours_do_not_overlap():
    names = ["a very_long name of a class", "another name that is long"]
    figure = viz.misclassified(colours(8), [0] * 8, [[0.1, 0.9]] * 8, names)
    picture(figure)
    assert not texts_overlap(figure, [ax.title for ax in figure.axes])


IMAGE = np.random.default_rng(5).integers(0, 256, (12, 12, 3), np.uint8)


@pytest.mark.parametrize(
    "transform",
    [
        augment.Compose([augment.HorizontalFlip(), augment.ShiftScaleRotate(p=1.0)]),
        ImageDataGenerator(rotation_range=40, horizontal_flip=True),
        layers.GaussianNoise(1.0),
        models.Sequential([layers.GaussianNoise(1.0), layers.Dropout(0.2)]),
    ],
    ids=["augment", "generator", "layer", "layers"],
)
def test_previews_follow_from_the_seed(transform):
    def shown(seed):
        figure = viz.augmentation_preview(transform, IMAGE, n=4, seed=seed)
        return [np.asarray(ax.images[0].get_array()) for ax in figure.axes]

    first, *rest = shown(3)
    np.testing.assert_array_equal(first, IMAGE)
    assert len(rest) == 4 and not np.array_equal(rest[0], rest[1])
    for a, b in zip(rest, shown(3)[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not all(np.array_equal(a, b) for a, b in zip(rest, shown(4)[1:], strict=True))


def test_previews_show_what_the_transform_makes():
    figure = viz.augmentation_preview(lambda image: image[:, ::-1], IMAGE, n=2)
    np.testing.assert_array_equal(figure.axes[2].images[0].get_array(), IMAGE[:, ::-1])
    figure = viz.augmentation_preview(layers.Rescaling(1 / 255), IMAGE, n=1)
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), IMAGE / 255, atol=1e-6)
    figure = viz.augmentation_preview(augment.Normalize(), IMAGE, n=1)
    assert figure.axes[1].images[0].get_array().min() == 0 and figure.axes[1].images[0].get_array().max() == 1


# ---- embeddings


def test_principal_components():
    """Points in a plane of five dimensions: their distances are kept, and the greatest variance comes first."""
    rng = np.random.default_rng(1)
    axes = np.linalg.qr(rng.normal(size=(5, 2)))[0].T
    flat = rng.normal(size=(30, 2)) * [5, 1]
    figure = viz.show_embedding(flat @ axes + 7, np.arange(30) % 3, class_names=["a", "b", "c"])
    ax = figure.axes[0]
    points = np.empty((30, 2))
    for c, dots in enumerate(ax.collections):
        assert dots.get_label() == "abc"[c]
        points[c::3] = dots.get_offsets()
    distances = np.linalg.norm(points[:, None] - points, axis=-1)
    np.testing.assert_allclose(distances, np.linalg.norm(flat[:, None] - flat, axis=-1), atol=1e-9)
    variances = np.linalg.eigvalsh(np.cov(flat.T))[::-1]
    assert ax.get_xlabel() == f"component 1 ({variances[0] / variances.sum():.1%} of the variance)"
    np.testing.assert_allclose(points.var(0, ddof=1), variances)


def test_tsne_keeps_groups_together():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(2)
    y = np.arange(30) % 2
    x = rng.normal(size=(30, 2, 2, 3)) + 20 * y[:, None, None, None]
    a, b = (viz.show_embedding(x, y, "tsne", seed=1).axes[0].collections for _ in range(2))
    near, far = np.asarray(a[0].get_offsets()), np.asarray(a[1].get_offsets())
    gap = np.linalg.norm(near.mean(0) - far.mean(0))
    assert gap > 2 * max(np.linalg.norm(g - g.mean(0), axis=1).mean() for g in (near, far))
    np.testing.assert_array_equal(near, b[0].get_offsets())


@pytest.mark.parametrize("classes", [1, 12, 25, 60])
def test_as_many_colours_as_classes(classes):
    y = np.arange(120) % classes
    figure = viz.show_embedding(np.random.default_rng(0).normal(size=(120, 4)), y)
    ax = figure.axes[0]
    looks = {(tuple(d.get_facecolors()[0]), d.get_paths()[0].vertices.shape) for d in ax.collections}
    assert len(looks) == classes
    assert (ax.get_legend() is not None) == (classes <= 40)
    assert picture(figure).std() > 0


# ---- what all have in common


def figures(path=None):
    yield "curves", viz.plot_history(HISTORY, path=path)
    yield "confusion", viz.confusion_matrix([0, 1], [0, 0], ["cat", "dog"], path=path)
    yield "images", viz.show_images(colours(), path=path)
    yield "mistakes", viz.misclassified(colours(2), [0, 1], [1, 1], path=path)
    yield "preview", viz.augmentation_preview(augment.HorizontalFlip(), IMAGE, n=2, path=path)
    yield "embedding", viz.show_embedding(np.arange(12).reshape(4, 3) ** 2, [0, 1, 0, 1], path=path)
    model = models.Sequential([layers.Input((6, 6, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
    yield "filters", viz.show_filters(model, path=path)
    yield "maps", viz.feature_maps(model, colours()[1], path=path)
    yield "heat", viz.show_grad_cam(model, colours()[1], 0, path=path)


def test_files_are_written(tmp_path):
    path = tmp_path / "new" / "picture.png"
    for name, figure in figures(path):
        written = path.read_bytes()
        assert written[:8] == b"\x89PNG\r\n\x1a\n", name
        path.unlink()
        assert written[16:24] == b"".join(int(v * 120).to_bytes(4, "big") for v in figure.get_size_inches()), name
        pixels = picture(figure)[..., :3]
        assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 4, name
        figure.savefig(io.BytesIO(), format="svg")
    viz.plot_history(HISTORY, path=tmp_path / "curves.svg")
    assert b"<svg" in (tmp_path / "curves.svg").read_bytes()


def test_notebooks_and_pickles():
    figure = viz.plot_history(HISTORY, figsize=(6, 3))
    assert figure.get_size_inches().tolist() == [6, 3]
    assert figure._repr_png_()[1:4] == b"PNG"
    assert lines(pickle.loads(pickle.dumps(figure)).axes[0]) == lines(figure.axes[0])


def test_pyplot_is_left_alone():
    code = """
import sys
import fastcnn.viz
assert not {"matplotlib", "sklearn", "PIL"} & set(sys.modules), "importing viz is to import nothing else"
figure = fastcnn.viz.plot_history({"loss": [1.0, 2.0]})
figure._repr_png_()
print("matplotlib.figure" in sys.modules, "matplotlib.pyplot" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout == "True False\n", done.stderr


def test_threads_draw_at_once():
    expected = {name: picture(figure).tobytes() for name, figure in figures() if name in ("curves", "confusion")}
    start = threading.Barrier(4)

    def draw(_):
        start.wait()
        return {name: picture(figure).tobytes() for name, figure in figures() if name in ("curves", "confusion")}

    with ThreadPoolExecutor(4) as pool:
        assert all(found == expected for found in pool.map(draw, range(4)))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(ImportError, match=r"method='tsne' needs scikit-learn: pip install \"fastcnn\[sklearn\]\""):
        viz.show_embedding(np.eye(4), method="tsne")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"fastcnn.viz needs matplotlib: pip install \"fastcnn\[viz\]\""):
        viz.plot_history(HISTORY)


X = np.zeros((4, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: viz.plot_history(HISTORY, "acuracy"), ValueError, "metrics: the history has no 'acuracy', only .* Did you mean 'accuracy'"),
        (lambda: viz.plot_history(HISTORY, []), ValueError, "metrics is empty"),
        (lambda: viz.plot_history(HISTORY, monitor="val_los"), ValueError, "monitor: the history has no 'val_los'. Did you mean 'val_loss'"),
        (lambda: viz.plot_history({"mine": [1.0, 2.0]}, monitor="mine"), ValueError, "monitor: 'mine' may grow or shrink: pass mode='max' or mode='min'"),
        (lambda: viz.plot_history(HISTORY, mode="up"), ValueError, "mode must be 'auto', 'min' or 'max', got 'up'"),
        (lambda: viz.plot_history({}), ValueError, "history is empty"),
        (lambda: viz.plot_history([1.0]), TypeError, "history must be a History, a dict of lists or the path"),
        (lambda: viz.plot_history({"loss": "abc"}), TypeError, r"history\['loss'\] must be a list of numbers"),
        (lambda: viz.plot_history("no.csv"), FileNotFoundError, "history: there is no file 'no.csv'"),
        (lambda: viz.plot_history(HISTORY, figsize=5), ValueError, r"figsize must be \(width, height\) in inches, got 5"),
        (lambda: viz.plot_history(HISTORY, figsize=(0, 5)), ValueError, "figsize must be .* above 0"),
        (lambda: viz.plot_history(HISTORY, path="a.xyz"), ValueError, r"path must end in one of .*\.png.*, got 'a.xyz'"),
        (lambda: viz.plot_history(HISTORY, path=3), TypeError, "path must name the file to write, got int"),
        (lambda: viz.plot_history(HISTORY, ax=object()), ValueError, "metrics must name a single metric to draw on ax"),
        (lambda: viz.plot_history(HISTORY, "loss", ax=object()), TypeError, "ax must be axes of matplotlib, got object"),
        (lambda: viz.confusion_matrix([0], [0], ax=object(), figsize=(1, 1)), ValueError, "figsize and ax exclude each other"),
        (lambda: viz.confusion_matrix([0, 1], [0]), ValueError, "y_true and y_pred must be of one length, got 2 and 1"),
        (lambda: viz.confusion_matrix([], []), ValueError, "y_true is empty"),
        (lambda: viz.confusion_matrix([0, -1], [0, 1]), ValueError, "y_true must be classes from 0, got -1"),
        (lambda: viz.confusion_matrix([0, 1], [0.3, 2.5]), ValueError, "y_pred must be classes or probabilities"),
        (lambda: viz.confusion_matrix(np.zeros((2, 2, 2)), [0, 1]), ValueError, r"y_true must be \(n,\) or \(n, classes\)"),
        (lambda: viz.confusion_matrix([0, 1], [0.3, np.nan]), ValueError, "y_pred must be finite"),
        (lambda: viz.confusion_matrix(["cat"], [0]), TypeError, "y_true must hold numbers, .*; names of classes go into class_names"),
        (lambda: viz.confusion_matrix([0, 2], [0, 1], ["a", "b"]), ValueError, "class_names must have a name for each of 3 classes, got 2"),
        (lambda: viz.confusion_matrix([0, 1], [0, 1], "ab"), TypeError, "class_names must be a list of names, got the string"),
        (lambda: viz.confusion_matrix([0], [0], normalize="ture"), ValueError, "normalize must be one of .* Did you mean 'true'"),
        (lambda: viz.show_images([]), ValueError, "images is empty"),
        (lambda: viz.show_images(np.zeros((2, 3))), ValueError, r"images must be a list of images or an array \(n, h, w, c\)"),
        (lambda: viz.show_images([np.zeros((2, 3)), np.zeros(3)]), ValueError, r"images\[1\] must be one image"),
        (lambda: viz.show_images(colours(), [0]), ValueError, "labels must be as many as the images, 4, got 1"),
        (lambda: viz.show_images(colours(), titles=["a"]), ValueError, "titles must be as many as the images, 4, got 1"),
        (lambda: viz.show_images(colours(), [0] * 4, titles=["a"] * 4), ValueError, "labels and titles exclude each other"),
        (lambda: viz.show_images(colours(), columns=0), ValueError, "columns must be an int of at least 1, got 0"),
        (lambda: viz.misclassified(colours(), [0] * 3, [1] * 4), ValueError, "y_true must be as many as the images, 4, got 3"),
        (lambda: viz.misclassified(colours(), [0] * 4, [1] * 4, order="sure"), ValueError, "order must be one of 'confidence', 'given'"),
        (lambda: viz.augmentation_preview(3, IMAGE), TypeError, "transform must be a transform of fastcnn.augment, a layer"),
        (lambda: viz.augmentation_preview(lambda image: image[0, 0], IMAGE), ValueError, "transform's result must be one image"),
        (lambda: viz.augmentation_preview(models.Model(*[layers.Input((3,))] * 2), IMAGE), ValueError, "a Sequential of layers, got the model"),
        (lambda: viz.augmentation_preview(abs, IMAGE, seed=-1), ValueError, "seed must be an int of at least 0, got -1"),
        (lambda: viz.augmentation_preview(abs, IMAGE, n=0), ValueError, "n must be an int of at least 1, got 0"),
        (lambda: viz.show_embedding(X, method="umap"), ValueError, "method must be one of 'pca', 'tsne', got 'umap'"),
        (lambda: viz.show_embedding(X[:2]), ValueError, r"features must be \(n, ...\) with n of at least 3, got shape \(2, 3\)"),
        (lambda: viz.show_embedding(X * np.nan), ValueError, "features must be finite"),
        (lambda: viz.show_embedding(X, [0, 1]), ValueError, "labels must be as many as the features, 4, got 2"),
        (lambda: viz.show_embedding(X, perplexity=3), ValueError, "perplexity goes with method='tsne'"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_errors_of_tsne_and_of_csv_files(tmp_path):
    pytest.importorskip("sklearn")
    with pytest.raises(ValueError, match="perplexity must be above 0 and below 4, the number of features, got 4"):
        viz.show_embedding(np.eye(4), method="tsne", perplexity=4)
    file = tmp_path / "log.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="is no file of CSVLogger: its first column is not 'epoch'"):
        viz.plot_history(file)
    for line in ("0,1,2", "0,x"):
        file.write_text(f"epoch,loss\n{line}\n")
        with pytest.raises(ValueError, match="history: line 2 of .* does not fit its columns"):
            viz.plot_history(file)
