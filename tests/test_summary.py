"""summary(), the number of layers as one counts them, FLOPs, and how models look in a notebook."""

import numpy as np
import pytest

from fastcnn import Model, Sequential, backend, layers
from fastcnn.models.summary import count_flops, weighted_layers


def lines(model, **arguments):
    found = []
    model.summary(print_fn=found.append, **arguments)
    return found


def small():
    backend.clear_session()
    return Sequential(
        [
            layers.Input((28, 28, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(),
            layers.BatchNormalization(), layers.Flatten(), layers.Dense(10, activation="softmax"),
        ],
        name="net",
    )  # fmt: skip


def test_the_table():
    assert lines(small()) == [
        'Model: "net"',
        "┌──────────────────────────────────────────┬───────────────────┬─────────┬─────────┐",
        "│ Layer (type)                             │ Output Shape      │ Param # │   FLOPs │",
        "├──────────────────────────────────────────┼───────────────────┼─────────┼─────────┤",
        "│ conv2d (Conv2D)                          │ (None, 26, 26, 8) │      80 │ 97.34 K │",
        "│ max_pooling2d (MaxPooling2D)             │ (None, 13, 13, 8) │       0 │       0 │",
        "│ batch_normalization (BatchNormalization) │ (None, 13, 13, 8) │      32 │       0 │",
        "│ flatten (Flatten)                        │ (None, 1352)      │       0 │       0 │",
        "│ dense (Dense)                            │ (None, 10)        │  13,530 │ 27.04 K │",
        "└──────────────────────────────────────────┴───────────────────┴─────────┴─────────┘",
        " Total params: 13,642 (53.29 KB)",
        " Trainable params: 13,626 (53.23 KB)",
        " Non-trainable params: 16 (64.00 B)",
        " Layers with weights: 2 · FLOPs per sample: 124.38 K",
    ]


def test_it_prints(capsys):
    small().summary()
    assert capsys.readouterr().out.splitlines()[0] == 'Model: "net"'


def test_columns():
    model = small()
    model.layers[0].trainable = False
    table = lines(model, show_trainable=True)
    assert table[2].split("│")[-2].strip() == "Trainable"
    assert [row.split("│")[-2].strip() for row in table[4:9]] == ["N", "-", "Y", "-", "Y"]
    assert " Trainable params: 13,546 (52.91 KB)" in table
    assert {len(row) for row in lines(model, line_length=70)[1:10]} == {70}
    assert {len(row) for row in lines(model, line_length=120)[1:10]} == {120}
    placed = lines(model, positions=[0.4, 0.7, 0.85, 1.0])
    assert [i for i, c in enumerate(placed[2]) if c == "│"][1:4] == [40, 70, 85]
    with pytest.raises(ValueError, match="positions must be 4 growing numbers, one a column"):
        lines(model, positions=[0.4, 0.7])
    part = lines(model, layer_range=("max_pooling2d", "flatten"))
    assert len(part) == 14 - 2 and "conv2d" not in part[4]
    with pytest.raises(ValueError, match="layer_range must be the names of two layers of .*, got .'a', 'b'."):
        lines(model, layer_range=("a", "b"))


def test_branches_tell_what_they_are_connected_to():
    x = layers.Input((4,), name="x")
    y = layers.Dense(4, name="d")(x)
    table = lines(Model(x, layers.Add(name="sum")([x, y])))
    assert "Connected to" in table[2] and "x[0], d[0]" in table[6]


def test_nested_models_unfold():
    inner = Sequential([layers.Input((4,)), layers.Dense(3, name="q")], name="inner")
    x = layers.Input((4,))
    model = Model(x, inner(x))
    folded, unfolded = lines(model), lines(model, expand_nested=True)
    assert len(unfolded) == len(folded) + 1 and unfolded[6].startswith("│   q (Dense)")
    assert unfolded[-1] == " Layers with weights: 1 · FLOPs per sample: 24"


def test_models_without_a_graph():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(3)

        def call(self, x):
            return self.dense(x)

    net = Net()
    assert "0 (unbuilt)" in lines(net)[4]
    net(np.ones((1, 4)))
    assert "15" in lines(net)[4] and " Total params: 15 (60.00 B)" in lines(net)
    assert "0 (unbuilt)" in lines(Sequential([layers.Dense(2)]))[4]


def test_the_optimizer_counts_once_it_has_weights():
    model = Sequential([layers.Input((4,)), layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0)
    assert any(line.startswith(" Optimizer params: 3") for line in lines(model))


def vgg16(width, size):
    stack = [layers.Input((size, size, 3))]
    for repeats, channels in ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8)):
        stack += [layers.Conv2D(channels * width, 3, padding="same", activation="relu") for _ in range(repeats)]
        stack.append(layers.MaxPooling2D())
    return Sequential(stack)


def test_vgg16_has_sixteen_layers():
    model = vgg16(2, 32)
    for layer in (layers.Flatten(), layers.Dense(8), layers.BatchNormalization(), layers.Dense(8), layers.Dense(4)):
        model.add(layer)
    assert weighted_layers(model) == 16
    model.layers[0].kernel.trainable = False
    assert weighted_layers(model) == 16


def test_vgg16_costs_31_gflop():
    dense = 2 * (25088 * 4096 + 4096 * 4096 + 4096 * 1000)
    flops = count_flops(vgg16(64, 224)) + dense
    assert abs(flops / 30.96e9 - 1) < 0.01


def test_shared_layers_cost_twice():
    x = layers.Input((4,))
    dense = layers.Dense(4)
    assert count_flops(Model(x, dense(dense(x)))) == 2 * count_flops(Model(x, layers.Dense(4)(x))) == 64
    assert weighted_layers(Model(x, dense(dense(x)))) == 1


def test_repr():
    model = small()
    assert repr(model) == "<Sequential 'net': 5 layers, (None, 28, 28, 1) -> (None, 10), 13,642 parameters>"
    assert repr(Sequential([layers.Dense(2)], name="s")) == "<Sequential 's': 1 layers, not built>"
    x = layers.Input((4,))
    assert repr(Model(x, [x * 1.0, x * 2.0], name="f")) == (
        "<Functional 'f': 1 layers, (None, 4) -> [(None, 4), (None, 4)], 0 parameters>"
    )


def test_html():
    html = small()._repr_html_()
    assert html.startswith("<b>net</b><table><tr><th>Layer (type)</th>") and html.count("<tr>") == 6
    assert "<td>13,530</td>" in html and "Total params: 13,642" in html
    model = Sequential([layers.Input((4,)), layers.Dense(2, name="<b>")])
    assert "<td>&lt;b&gt; (Dense)</td>" in model._repr_html_()
