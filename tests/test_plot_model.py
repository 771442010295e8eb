"""plot_model: what the boxes say, what feeds what, and that nothing lies on anything else."""

import itertools

import numpy as np
import pytest

from fastcnn import applications, layers, models, utils
from fastcnn.viz.layered import arrange

pytest.importorskip("matplotlib")


def branches():
    image, extra = layers.Input((8, 8, 1), name="image"), layers.Input((4,), name="extra")
    base = models.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(2, 3, name="conv"), layers.Flatten()], name="base")
    both = layers.Concatenate(name="both")([base(image), layers.Dense(3, activation="relu", name="dense")(extra)])
    return models.Model(
        [image, extra], [layers.Dense(2, name="kind")(both * 2), layers.Add(name="sum")([extra, extra])]
    )


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_boxes_say_what_was_asked_for():
    assert words(utils.plot_model(branches(), None)) == [
        *("InputLayer", "InputLayer", "Sequential", "Dense", "Concatenate", "multiply", "Dense", "Add")
    ]
    told = dict.fromkeys(
        ("show_shapes", "show_dtype", "show_layer_names", "show_layer_activations", "show_trainable"), True
    )
    model = branches()
    model.get_layer("dense").trainable = False
    found = words(utils.plot_model(model, None, **told))
    at = found.index("dense (Dense)")
    expected = ["activation relu", "in (None, 4)", "out (None, 3)", "float32", "not trainable"]
    assert found[at + 1 : at + 6] == expected
    at = found.index("both (Concatenate)")
    assert found[at + 1 : at + 4] == ["in (None, 72), (None, 3)", "out (None, 75)", "float32"]


def test_models_in_models_are_drawn_in_place():
    found = words(utils.plot_model(branches(), None, show_layer_names=True, expand_nested=True))
    assert "base/conv (Conv2D)" in found and not [word for word in found if "Sequential" in word]


def arrows(figure):
    """From which box's title to which."""
    axes = figure.axes[0]
    titles = [t for t in axes.texts if t.get_text() and t.get_weight() == "bold"]
    frames = [p for p in axes.patches if p.get_facecolor() == axes.patches[0].get_facecolor()]

    def box(point):
        near = [abs(np.hypot(*(np.clip(point, *f.get_bbox().get_points()) - point))) for f in frames]
        return titles[int(np.argmin(near))].get_text()

    return sorted((box(line.get_xydata()[0]), box(line.get_xydata()[-1])) for line in axes.lines)


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
def test_arrows_go_from_what_feeds_to_what_is_fed(rankdir):
    figure = utils.plot_model(branches(), None, rankdir=rankdir, show_layer_names=True, show_shapes=True)
    assert arrows(figure) == [
        ("base (Sequential)", "both (Concatenate)"),
        ("both (Concatenate)", "multiply"),
        ("dense (Dense)", "both (Concatenate)"),
        ("extra (InputLayer)", "dense (Dense)"),
        ("extra (InputLayer)", "sum (Add)"),
        ("image (InputLayer)", "base (Sequential)"),
        ("multiply", "kind (Dense)"),
    ]
    first, last = (
        next(t for t in figure.axes[0].texts if t.get_text() == w) for w in ("image (InputLayer)", "multiply")
    )
    along = np.subtract(last.get_position(), first.get_position())
    axis, sign = {"TB": (1, -1), "BT": (1, 1), "LR": (0, 1), "RL": (0, -1)}[rankdir]
    assert along[axis] * sign > 0


def graphs():
    rng = np.random.default_rng(0)
    for count in (1, 2, 7, 20, 60):
        for _ in range(20):
            sources = [
                sorted({int(s) for s in rng.integers(0, i, rng.integers(0, 4))}) if i else [] for i in range(count)
            ]
            yield [(float(w), float(h)) for w, h in rng.uniform(0.2, 3, (count, 2))], sources


def test_nothing_lies_on_anything_else():
    for sizes, sources in graphs():
        centres, lines = arrange(sizes, sources)
        corners = [(x - w / 2, x + w / 2, y - h / 2, y + h / 2) for (x, y), (w, h) in zip(centres, sizes, strict=True)]
        for a, b in itertools.combinations(corners, 2):
            assert a[1] < b[0] or b[1] < a[0] or a[3] < b[2] or b[3] < a[2]
        assert set(lines) == {(s, i) for i, feeding in enumerate(sources) for s in feeding}
        for (source, box), points in lines.items():
            assert np.allclose(points[0], (centres[source][0], corners[source][3]))
            assert np.allclose(points[-1], (centres[box][0], corners[box][2]))
            assert all(p[1] <= q[1] for p, q in itertools.pairwise(points)), "lines go down"
            for (x, top), (_, bottom) in zip(points[1:-1:2], points[2:-1:2], strict=True):
                assert not any(a < x < b and low < bottom and top < high for a, b, low, high in corners), (
                    "through a box"
                )


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_suffix_decides(tmp_path, suffix):
    path = tmp_path / "deep" / f"model.{suffix}"
    assert utils.plot_model(branches(), path, dpi=50).axes
    beginning = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix]
    assert path.read_bytes().startswith(beginning)


def test_large_networks_become_pictures_too(tmp_path):
    model = applications.DenseNet121(weights=None, input_shape=(64, 64, 3))
    figure = utils.plot_model(model, tmp_path / "model.svg", show_shapes=True)
    assert max(figure.get_size_inches()) * figure.get_dpi() <= 65536
    assert len(words(figure)) > 427


def test_what_has_no_graph():
    class Own(models.Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    with pytest.raises(
        ValueError, match="own is not built, so that its layers have no shapes yet: begin it with an Input"
    ):
        utils.plot_model(model, None)
    model(np.ones((1, 3), np.float32))
    assert words(utils.plot_model(model, None, show_layer_names=True)) == ["own (Own)"]
    with pytest.raises(ValueError, match="is not built"):
        utils.plot_model(models.Sequential([layers.Dense(3)]), None)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"rankdir": "up"}, ValueError, "rankdir must be one of TB, BT, LR, RL, got 'up'"),
        ({"dpi": 0}, ValueError, "dpi must be a number between 1 and 2400, got 0"),
        ({"to_file": "model.dot"}, ValueError, "must end in one of .*, got 'model.dot'"),
        ({"model": 3}, TypeError, "model must be a model, got int"),
        ({"splines": "curved"}, NotImplementedError, "splines='curved' is not supported by fastcnn"),
        ({"shapes": True}, TypeError, "plot_model got an unknown argument 'shapes'"),
    ],
)
def test_mistakes(arguments, error, message):
    with pytest.raises(error, match=message):
        utils.plot_model(**{"model": branches(), "to_file": None, **arguments})
