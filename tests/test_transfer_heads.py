"""New heads: where the old one begins, what takes its place."""

import numpy as np
import pytest
from transfer_networks import flat, images, mobilenet, nested, resnet, squeezenet, vgg

from fastcnn import layers, models, transfer
from fastcnn.transfer.parts import parts

# network: bottleneck's layer, its shape, what the head is made of
PARTS = [
    (vgg, "block2_pool", (3, 3, 4), ["flatten", "fc1", "predictions"]),
    (resnet, "relu2", (12, 12, 4), ["avg_pool", "predictions"]),
    (squeezenet, "fire", (10, 10, 6), ["drop", "classes", "last_relu", "pool", "softmax"]),
    (mobilenet, "depthwise", (10, 10, 3), ["pool", "drop", "classes", "reshape", "softmax"]),
    (nested, "resnet", (12, 12, 4), ["pool", "drop", "out"]),
    (flat, "conv2", (8, 8, 4), ["flatten", "drop", "out", "softmax"]),
]


@pytest.mark.parametrize(("made", "last", "shape", "head"), PARTS)
def test_where_the_base_ends(made, last, shape, head):
    found = parts(made())
    assert found.bottleneck.node.operation.name == last
    assert found.bottleneck.shape == (None, *shape)
    assert [layer.name for layer in found.head] == head


@pytest.mark.parametrize("made", [vgg, resnet])
def test_a_base_without_a_top_has_no_head(made):
    found = parts(made(top=False))
    assert found.head == [] and found.classifier is None
    assert len(found.bottleneck.shape) == 4


def test_the_head_can_be_named():
    assert [layer.name for layer in parts(vgg(), head="fc1").head] == ["fc1", "predictions"]


def test_dense_layers_all_the_way_leave_the_last_one_as_head():
    model = models.Sequential(
        [layers.Input((4,)), layers.Dense(3, name="a"), layers.Dropout(0.5), layers.Dense(2, name="b")]
    )
    assert [layer.name for layer in parts(model).body] == ["a"]


def test_a_base_that_pools_by_itself_ends_with_the_pooling_as_far_as_features_go():
    base = models.Sequential([layers.Input((6, 6, 3)), layers.Conv2D(4, 3, name="c"), layers.GlobalAveragePooling2D()])
    assert parts(base).bottleneck.shape == (None, 4, 4, 4)
    assert transfer.build(base, 2).output_shape == (None, 2)


# ---- replace_head


@pytest.mark.parametrize("made", [vgg, resnet, squeezenet, mobilenet, nested, flat])
@pytest.mark.parametrize("activation", ["softmax", None, "sigmoid"])
def test_the_new_head_has_its_classes_and_the_base_its_weights(made, activation):
    old = made()
    x, _ = images(4)
    before = old.predict(x)
    features = transfer.bottleneck(old).predict(x)
    new = transfer.replace_head(old, 5, activation)
    assert new.output_shape == (None, 5)
    assert type(new) is type(old) and new.name == old.name
    np.testing.assert_array_equal(transfer.bottleneck(new).predict(x), features)
    np.testing.assert_array_equal(old.predict(x), before)
    out = new.predict(x)
    if activation == "softmax":
        np.testing.assert_allclose(out.sum(1), 1, rtol=1e-5)
    elif activation == "sigmoid":
        assert ((out > 0) & (out < 1)).all()
    else:
        assert (out < 0).any()  # the rectifier after SqueezeNet's classifier is gone, too


def test_all_but_the_classifier_are_the_same_layers():
    old = vgg()
    new = transfer.replace_head(old, 5)
    assert [layer.name for layer in new.layers] == [layer.name for layer in old.layers[:-1]] + ["head"]
    assert all(a is b for a, b in zip(new.layers[:-1], old.layers[:-1], strict=True))


def test_a_convolution_is_followed_by_a_convolution():
    new = transfer.replace_head(squeezenet(), 5)
    assert [layer.name for layer in new.layers[-4:]] == ["drop", "head", "pool", "head_activation"]
    assert new.get_layer("head").kernel.shape == (1, 1, 6, 5)
    assert new.get_layer("head").get_config()["kernel_initializer"]["class_name"] == "HeNormal"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (flat, ["conv1", "conv2", "flatten", "head_dropout", "head"]),
        (nested, ["resnet", "pool", "head_dropout", "head"]),
    ],
)
def test_dropout_takes_the_place_of_the_old_one(made, expected):
    new = transfer.replace_head(made(), 5, dropout=0.4)
    assert [layer.name for layer in new.layers] == expected
    assert new.get_layer("head_dropout").rate == 0.4


def test_the_head_of_a_head_has_another_name():
    twice = transfer.replace_head(transfer.replace_head(resnet(), 5), 7)
    assert twice.output_shape == (None, 7)
    assert twice.layers[-1].name == "head_1"
    assert transfer.replace_head(resnet(), 5, name="flowers").layers[-1].name == "flowers"


def test_the_new_model_can_be_saved(tmp_path):
    x, _ = images(4)
    new = transfer.replace_head(squeezenet(), 5)
    new.save(tmp_path / "model.fastcnn")
    np.testing.assert_array_equal(models.load_model(tmp_path / "model.fastcnn").predict(x), new.predict(x))


def test_operations_after_the_classifier_are_repeated():
    from fastcnn import ops

    inputs = layers.Input((6, 6, 3))
    x = layers.Conv2D(4, 1, name="classes")(layers.Conv2D(4, 3)(inputs))
    new = transfer.replace_head(models.Model(inputs, ops.softmax(ops.mean(x, axis=(1, 2)))), 2)
    assert new.output_shape == (None, 2)
    np.testing.assert_allclose(new.predict(np.ones((1, 6, 6, 3), "float32")).sum(), 1, rtol=1e-5)


# ---- build


def test_a_classifier_on_a_base():
    base = resnet(top=False)
    model = transfer.build(base, 4, dropout=0.3, name="flowers")
    assert model.name == "flowers" and model.output_shape == (None, 4)
    assert [layer.name for layer in model.layers[-3:]] == ["head_pooling", "head_dropout", "head"]
    assert [v.path for v in model.trainable_weights] == ["head/kernel", "head/bias"]
    assert model.layers[-1].get_config()["activation"] == "softmax"


def test_a_base_may_stay_as_it_is():
    base = vgg(top=False)
    base.get_layer("block1_conv1").trainable = False
    model = transfer.build(base, 4, freeze=False)
    assert [v.path.split("/")[0] for v in model.trainable_weights] == ["block2_conv1", "block2_conv1", "head", "head"]


@pytest.mark.parametrize(("pooling", "features"), [("avg", 4), ("max", 4), ("flatten", 36)])
def test_poolings(pooling, features):
    model = transfer.build(vgg(top=False), 4, pooling=pooling)
    assert model.get_layer("head").kernel.shape == (features, 4)


def test_heads_of_ones_own():
    some = [layers.Flatten(), layers.Dense(6, activation="relu", name="hidden")]
    assert transfer.build(vgg(top=False), 4, some).get_layer("head").kernel.shape == (6, 4)
    whole = transfer.build(vgg(top=False), None, lambda x: layers.Dense(3)(layers.GlobalMaxPooling2D()(x)))
    assert whole.output_shape == (None, 3)
    one = transfer.build(vgg(top=False), 1)
    assert one.get_layer("head").get_config()["activation"] == "sigmoid"


# ---- errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: transfer.replace_head(vgg(top=False), 3), "'vgg' has no classifier at its end.*use build"),
        (lambda: transfer.replace_head(vgg(), 0), "classes must be a positive int, got 0"),
        (lambda: transfer.replace_head(vgg(), True), "classes must be a positive int, got True"),
        (lambda: transfer.replace_head(vgg(), 1), "softmax over one class is always 1.*sigmoid"),
        (lambda: transfer.replace_head(models.Sequential([layers.Dense(2)], name="s"), 3), "'s' is not built yet"),
        (lambda: transfer.build(vgg(), 3), "ends with the classifier 'predictions'.*include_top=False"),
        (lambda: transfer.build(vgg(top=False), 3, pooling="average"), "pooling must be 'avg'.*got 'average'"),
        (lambda: transfer.build(vgg(top=False), 3, layers.ReLU()), "head must give .n, features., got shape"),
        (lambda: transfer.build(vgg(top=False), None), "classes must be a number, or head"),
        (lambda: transfer.build(vgg(top=False), 1, activation="softmax"), "softmax over one class"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_models_without_a_graph_or_with_two_outputs_are_refused():
    class Own(models.Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    with pytest.raises(ValueError, match="'own' has a call of its own"):
        transfer.replace_head(Own(), 3)
    x = layers.Input((4,))
    two = models.Model(x, [layers.Dense(2)(x), layers.Dense(2)(x)], name="two")
    with pytest.raises(ValueError, match="'two' has 2: make a model of the one"):
        transfer.replace_head(two, 3)


@pytest.mark.parametrize(
    ("network", "last"),
    [("SqueezeNet", "features.12"), ("MobileNetV2", "out_relu"), ("ResNet18", "layer4.1.relu"), ("LeNet5", "c5")],
)
def test_published_networks(network, last):
    from fastcnn import applications

    old = getattr(applications, network)(weights=None)
    assert parts(old).bottleneck.node.operation.name == last
    new = transfer.replace_head(old, 5)
    assert new.output_shape == (None, 5)
    assert len(transfer.apply(new, 3).trainable_weights) == (4 if network == "LeNet5" else 2)
