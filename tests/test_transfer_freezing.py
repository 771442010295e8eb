"""Freezing by name, index and fraction; the three strategies; what has really changed."""

import numpy as np
import pytest
from transfer_networks import flat, images, nested, resnet, squeezenet, vgg

from fastcnn import layers, models, transfer
from fastcnn.transfer.freezing import trained_layers


def trained(model):
    return [layer.name for layer in trained_layers(model) if layer.trainable_weights]


RESNET = ["conv1", "bn1", "conv2", "bn2", "predictions"]


@pytest.mark.parametrize(
    ("until", "left"),
    [
        (None, []),
        ("conv2", RESNET[2:]),
        ("relu1", RESNET[2:]),
        ("pixels", RESNET),
        (0, RESNET),
        (4, RESNET[2:]),
        (-1, RESNET[4:]),
        (-2, RESNET[4:]),
        (0.0, RESNET),
        (0.5, RESNET[2:]),
        (0.6, RESNET[3:]),
        (1.0, []),
    ],
)
def test_freezing_and_its_opposite(until, left):
    model = resnet()
    assert transfer.freeze(model, until) is model
    assert trained(model) == left
    if until is not None:
        model.trainable = False
        assert transfer.unfreeze(model, until) is model
        assert trained(model) == left


def test_an_index_counts_as_model_layers_do():
    one, other = resnet(), resnet()
    transfer.freeze(one, 5)
    for layer in other.layers[:5]:
        layer.trainable = False
    assert trained(one) == trained(other)


def test_models_in_models_are_reached():
    model = nested()
    assert trained(transfer.freeze(model, "conv2")) == ["conv2", "bn2", "out"]
    assert trained(transfer.unfreeze(model)) == ["conv1", "bn1", "conv2", "bn2", "out"]
    assert trained(transfer.freeze(model, "pool")) == ["out"]
    assert trained(transfer.unfreeze(model, "resnet")) == ["conv1", "bn1", "conv2", "bn2", "out"]


def test_a_frozen_model_opens_for_some_of_its_layers():
    model = nested()
    base = model.get_layer("resnet")
    base.trainable = False
    transfer.unfreeze(model, "bn2")
    assert trained(model) == ["bn2", "out"] and base.trainable
    assert not base.get_layer("conv2").trainable
    x, y = images()
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = base.get_weights()
    model.fit(x, y, verbose=0)
    changed = [v.path.split("/")[-2] for v, b in zip(base.weights, before, strict=True) if (v.numpy() != b).any()]
    assert changed == ["bn2"] * 4


def test_normalisations_may_stay_frozen():
    model = transfer.freeze(resnet())
    assert trained(transfer.unfreeze(model, 0.0, batch_norm=False)) == ["conv1", "conv2", "predictions"]


def test_a_subclassed_model_and_its_blocks():
    class Block(layers.Layer):
        def __init__(self, name):
            super().__init__(name=name)
            self.conv = layers.Conv2D(2, 3)

        def call(self, x):
            return self.conv(x)

    class Own(models.Model):
        def __init__(self):
            super().__init__(name="own")
            self.first, self.second, self.last = Block("first"), Block("second"), layers.Dense(2, name="last")

        def call(self, x):
            return self.last(self.second(self.first(x)))

    model = Own()
    model.build((None, 8, 8, 3))
    assert trained(transfer.freeze(model, "second")) == ["second", "last"]


@pytest.mark.parametrize(
    ("until", "error", "message"),
    [
        ("conv3", ValueError, "until: there is no layer 'conv3' in 'resnet'. Did you mean 'conv"),
        (99, ValueError, "until as an index must be within the 10 layers, got 99"),
        (1.5, ValueError, "until as a fraction must be from 0.0 to 1.0, got 1.5"),
        (True, TypeError, "until must be the name of a layer, an index or a fraction"),
        ([1], TypeError, r"until must be .*, got \[1\]"),
    ],
)
def test_errors_of_places(until, error, message):
    with pytest.raises(error, match=message):
        transfer.freeze(resnet(), until)


# ---- strategies


@pytest.mark.parametrize(
    ("made", "head"),
    [(vgg, ["fc1", "predictions"]), (resnet, ["predictions"]), (squeezenet, ["classes"]), (flat, ["out"])],
)
def test_strategies(made, head):
    model = made()
    everything = trained(model)
    base = everything[: len(everything) - len(head)]
    assert trained(transfer.apply(model, 3)) == head
    assert trained(transfer.apply(model, 2, part=0.5)) == base[-max(round(len(base) / 2), 1) :] + head
    assert trained(transfer.apply(model, 2, part=0.0)) == base[-1:] + head
    assert trained(transfer.apply(model, 1)) == everything


def test_strategies_of_a_base_inside():
    model = nested()
    assert trained(transfer.apply(model, 3)) == ["out"]
    assert trained(transfer.apply(model, 2, part=0.5)) == ["conv2", "bn2", "out"]
    assert trained(transfer.apply(model, 2, part=0.5, batch_norm=False)) == ["conv2", "out"]
    assert trained(transfer.apply(model, 1)) == ["conv1", "bn1", "conv2", "bn2", "out"]


def with_whitening(frozen=("whitening",)):
    """Two layers in the head, of which the user has frozen the first."""
    model = transfer.build(resnet(top=False), 3, [layers.GlobalAveragePooling2D(), layers.Dense(4, name="whitening")])
    for name in frozen:
        model.get_layer(name).trainable = False
    return model


@pytest.mark.parametrize(
    ("strategy", "expected"), [(1, ["conv1", "bn1", "conv2", "bn2", "head"]), (2, ["bn2", "head"]), (3, ["head"])]
)
def test_what_is_frozen_in_the_head_stays_frozen(strategy, expected):
    assert trained(transfer.apply(with_whitening(), strategy, part=0.25)) == expected


def test_a_head_frozen_as_a_whole_is_opened():
    assert trained(transfer.apply(with_whitening(["whitening", "head"]), 3)) == ["whitening", "head"]
    assert trained(transfer.apply(transfer.freeze(nested()), 3)) == ["out"]


def test_a_part_of_a_block_in_the_head_stays_frozen():
    class Block(layers.Layer):
        def __init__(self):
            super().__init__(name="block")
            self.fixed, self.learned = layers.Dense(4, trainable=False), layers.Dense(4)

        def call(self, x):
            return self.learned(self.fixed(x))

    model = transfer.build(resnet(top=False), 3, [layers.GlobalAveragePooling2D(), Block()])
    block = model.get_layer("block")
    transfer.apply(model, 1)
    assert block.trainable_weights == block.learned.weights


def test_the_two_modes():
    model = resnet()
    assert trained(transfer.feature_extraction(model)) == ["predictions"]
    assert trained(transfer.fine_tuning(model, 0.5)) == ["conv2", "bn2", "predictions"]
    assert trained(transfer.fine_tuning(model, batch_norm=False)) == ["conv1", "conv2", "predictions"]


def test_28_the_base_is_bit_identical_after_feature_extraction_and_changed_after_fine_tuning():
    x, y = images()
    model = transfer.replace_head(resnet(), 3)
    model.compile("adam", "sparse_categorical_crossentropy")
    base = [v for layer in model.layers[:-1] for v in layer.weights]
    before, start = transfer.Snapshot(model), [v.numpy() for v in base]
    transfer.feature_extraction(model)
    model.fit(x, y, batch_size=8, epochs=3, verbose=0)
    assert all(np.array_equal(v.numpy(), b) for v, b in zip(base, start, strict=True))
    assert str(before.outcome()) == "feature extraction: 0 of the 12 weights of the base changed"
    transfer.fine_tuning(model)  # and no compile
    model.fit(x, y, batch_size=8, verbose=0)
    assert not any(np.array_equal(v.numpy(), b) for v, b in zip(base, start, strict=True))
    assert str(before.outcome()) == "fine tuning: 12 of the 12 weights of the base changed"
    assert before.outcome().mode == transfer.MODES[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: transfer.apply(resnet(), 4), "strategy must be 1 .all., 2 .* or 3 .*, got 4"),
        (lambda: transfer.apply(resnet(), True), "strategy must be 1"),
        (lambda: transfer.apply(resnet(), 2, part=30), "part must be from 0 to 1, got 30"),
        (lambda: transfer.apply(resnet(top=False), 3), "'resnet' has no head to train: make one with build"),
        (lambda: transfer.fine_tuning(resnet(), 0.0), "part must be more than 0, got 0.0"),
    ],
)
def test_errors_of_strategies(call, message):
    with pytest.raises(ValueError, match=message):
        call()
