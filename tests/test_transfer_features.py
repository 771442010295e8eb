"""Bottleneck features, their cache, and heads trained on them."""

import numpy as np
import pytest
from transfer_networks import flat, images, nested, resnet, squeezenet, vgg

import fastcnn
from fastcnn import layers, models, transfer
from fastcnn.transfer import cache as files
from fastcnn.transfer.fingerprints import DataSum, model_sum


class Batches(fastcnn.utils.PyDataset):
    """Batches of seven, and how often they were asked for."""

    def __init__(self, x, y=None):
        super().__init__()
        self.x, self.y, self.asked = x, y, 0

    def __len__(self):
        return -(-len(self.x) // 7)

    def __getitem__(self, i):
        self.asked += 1
        rows = slice(7 * i, 7 * i + 7)
        return self.x[rows] if self.y is None else (self.x[rows], self.y[rows])


# ---- the bottleneck


def test_features_are_what_the_last_block_gives():
    model, (x, _) = vgg(), images()
    base = transfer.bottleneck(model)
    expected = models.Model(model.input, model.get_layer("block2_pool").output).predict(x)
    np.testing.assert_array_equal(base.predict(x), expected)
    np.testing.assert_array_equal(transfer.extract_features(model, x, batch_size=5), expected)
    np.testing.assert_allclose(
        transfer.extract_features(model, x, pooling="avg"), expected.mean((1, 2)), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_array_equal(transfer.extract_features(model, x, pooling="max"), expected.max((1, 2)))


def test_another_layer_by_name_or_object():
    model, (x, _) = vgg(), images()
    assert transfer.extract_features(model, x, "fc1").shape == (24, 8)
    assert transfer.bottleneck(model, model.get_layer("block1_pool")).output_shape == (None, 6, 6, 4)
    assert transfer.bottleneck(nested(), "resnet", pooling="max").output_shape == (None, 4)


def test_dropout_and_batch_statistics_play_no_part():
    model, (x, _) = squeezenet(), images()
    once, twice = (transfer.extract_features(model, x) for _ in range(2))
    np.testing.assert_array_equal(once, twice)
    one_by_one = np.concatenate([transfer.extract_features(resnet(), x[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(one_by_one, transfer.extract_features(resnet(), x)[:3], rtol=1e-5, atol=1e-6)


def test_datasets_bring_their_labels():
    model, (x, y) = resnet(), images()
    features, labels = transfer.extract_features(model, Batches(x, y))
    np.testing.assert_array_equal(features, transfer.extract_features(model, x))
    np.testing.assert_array_equal(labels, y)
    np.testing.assert_array_equal(transfer.extract_features(model, Batches(x)), features)
    found, labels = transfer.extract_features(model, ((x[i : i + 4], y[i : i + 4]) for i in range(0, 24, 4)))
    np.testing.assert_array_equal(found, features)
    np.testing.assert_array_equal(labels, y)


def test_several_inputs():
    left, right = layers.Input((6, 6, 1), name="left"), layers.Input((6, 6, 1), name="right")
    x = layers.Conv2D(3, 3)(layers.Concatenate()([left, right]))
    model = models.Model([left, right], layers.Dense(2)(layers.Flatten()(x)))
    data = [np.ones((5, 6, 6, 1)), np.zeros((5, 6, 6, 1))]
    assert transfer.extract_features(model, data).shape == (5, 4, 4, 3)
    with pytest.raises(ValueError, match="they must be as many"):
        transfer.extract_features(model, [data[0], data[1][:3]])


# ---- the cache


@pytest.fixture(params=[".npy", ".npz"])
def path(request, tmp_path):
    return tmp_path / f"features{request.param}"


def test_hit(path, capsys):
    model, (x, y) = resnet(), images()
    first = transfer.extract_features(model, x, cache=path, verbose=1)
    assert "written to" in capsys.readouterr().out
    stamp = path.stat().st_mtime_ns
    second = transfer.extract_features(model, x, cache=path, verbose=1, batch_size=5)
    assert capsys.readouterr().out == f"features: read from {path}\n"
    np.testing.assert_array_equal(first, second)
    assert isinstance(second, np.memmap) and not second.flags.writeable
    assert path.stat().st_mtime_ns == stamp
    third, labels = transfer.extract_features(model, Batches(x, y), cache=path)  # the same images, from elsewhere
    np.testing.assert_array_equal(third, first)
    np.testing.assert_array_equal(labels, y)
    assert isinstance(third, np.memmap)


def test_the_same_network_made_again_hits(path):
    (x, _) = images()
    transfer.extract_features(resnet(seed=1), x, cache=path)
    assert isinstance(transfer.extract_features(resnet(seed=1), x, cache=str(path)), np.memmap)


def changed_weight(model, x):
    model.get_layer("conv2").bias.assign_add(np.full(4, 1e-3))
    return model, x, {}


def changed_statistic(model, x):
    model.get_layer("bn1").moving_mean.assign_add(np.full(4, 1e-3))
    return model, x, {}


def changed_pixel(model, x):
    x = x.copy()
    x[-1, -1, -1, -1] += 1e-3
    return model, x, {}


def changed_order(model, x):
    return model, x[::-1], {}


@pytest.mark.parametrize(
    "change",
    [
        changed_weight,
        changed_statistic,
        changed_pixel,
        changed_order,
        lambda model, x: (model, x[:-1], {}),
        lambda model, x: (model, x.astype("float64"), {}),
        lambda model, x: (model, x, {"pooling": "avg"}),
        lambda model, x: (model, x, {"layer": "relu1"}),
        lambda model, x: (resnet(seed=2), x, {}),
    ],
)
def test_stale(path, change, capsys):
    model, (x, _) = resnet(), images()
    transfer.extract_features(model, x, cache=path)
    model, x, arguments = change(model, x)
    found = transfer.extract_features(model, x, cache=path, verbose=1, **arguments)
    assert "other than those in" in capsys.readouterr().out
    np.testing.assert_array_equal(found, transfer.extract_features(model, x, **arguments))
    assert isinstance(transfer.extract_features(model, x, cache=path, **arguments), np.memmap)


def test_the_same_weights_in_another_network_are_stale(path):
    (x, _) = images()

    def network(activation):
        fastcnn.utils.set_random_seed(1)
        return models.Sequential([layers.Input((12, 12, 3)), layers.Conv2D(4, 3, activation=activation)])

    relu = transfer.extract_features(network("relu"), x, cache=path)
    tanh = transfer.extract_features(network("tanh"), x, cache=path)
    assert (relu >= 0).all() and (tanh < 0).any()


def test_what_does_not_belong_to_the_bottleneck_is_of_no_consequence(path):
    model, (x, _) = resnet(), images()
    transfer.extract_features(model, x, cache=path)
    new = transfer.replace_head(model, 3)
    transfer.freeze(new)
    assert isinstance(transfer.extract_features(new, x, cache=path), np.memmap)


@pytest.mark.parametrize("content", [b"", b"my only copy", "npy", "npz", "packed", "object"])
def test_files_of_others_are_left_alone(path, content):
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "object":
        path.write_bytes(
            b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }".ljust(117) + b"\n"
        )
    else:
        with path.open("wb") as file:
            {
                "npy": lambda: np.save(file, np.ones(3)),
                "npz": lambda: np.savez(file, features=np.ones(3)),
                "packed": lambda: np.savez_compressed(file, features=np.ones(3), fastcnn_key=np.array("key")),
            }[content]()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="holds no features written by extract_features; it is left alone"):
        transfer.extract_features(resnet(), images()[0], cache=path)
    assert path.read_bytes() == before


def test_cut_files_are_refused(path):
    files.write(path, "key", np.ones((4, 3)))
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        path.write_bytes(whole[:length])
        try:
            found = files.read(path, "key")
        except ValueError as error:
            assert "is left alone" in str(error)
        else:
            assert found is None  # the key is cut: it is that of nothing


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back(path, order):
    array = np.asarray(np.random.default_rng(0).normal(size=(3, 4, 5)), order=order)
    files.write(path, "key", array)
    np.testing.assert_array_equal(files.read(path, "key"), array)
    np.testing.assert_array_equal(np.load(path) if path.suffix == ".npy" else np.load(path)["features"], array)
    assert files.read(path, "another") is None


def test_wrong_names_and_data_that_can_be_read_once(tmp_path):
    (x, _) = images()
    with pytest.raises(ValueError, match="cache must be the name of a .npy or .npz file, got .*features.h5"):
        transfer.extract_features(resnet(), x, cache=tmp_path / "features.h5")
    with pytest.raises(TypeError, match="cache needs data that can be read twice.*got generator"):
        transfer.extract_features(resnet(), (x[i : i + 2] for i in range(3)), cache=tmp_path / "f.npy")


def test_checksums():
    x = np.arange(24.0).reshape(4, 6)
    sums = []
    for batches in ([x], [x[:1], x[1:]], [np.asfortranarray(x)], [x.astype("float32")], [x.reshape(4, 3, 2)], [x + 0]):
        found = DataSum()
        for batch in batches:
            found.add(batch)
        sums.append(found.hexdigest())
    assert sums[0] == sums[1] == sums[2] == sums[5]
    assert len(set(sums)) == 3
    assert model_sum(nested()) == model_sum(nested()) != model_sum(flat())


# ---- errors


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: transfer.bottleneck(vgg(), pooling="sum"),
            ValueError,
            "pooling must be None, 'avg' or 'max', got 'sum'",
        ),
        (lambda x: transfer.bottleneck(vgg(), "fc9"), ValueError, "there is no layer 'fc9'.*Did you mean 'fc1'"),
        (
            lambda x: transfer.bottleneck(vgg(), nested().layers[0]),
            ValueError,
            "'resnet' is not among the layers of 'vgg'",
        ),
        (lambda x: transfer.extract_features(vgg(), x, batch_size=0), ValueError, "batch_size must be a positive int"),
        (lambda x: transfer.extract_features(vgg(), 3), TypeError, "data must be arrays, a PyDataset .* got int"),
        (lambda x: transfer.extract_features(vgg(), iter([])), ValueError, "data is empty"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(images()[0])


def test_nothing_before_the_head():
    model = models.Sequential([layers.Input((4,)), layers.Dense(2)], name="one")
    with pytest.raises(ValueError, match="'one' has nothing before its head"):
        transfer.bottleneck(model)


# ---- a head of features


@pytest.mark.parametrize("made", [vgg, resnet, squeezenet, nested, flat])
def test_a_head_learns_by_itself_and_is_back_in_its_place(made):
    x, y = images(36)
    model = transfer.replace_head(made(), 3)
    before = transfer.Snapshot(model)
    transfer.freeze(model)
    history = transfer.train_head(model, x, y, epochs=6, lr=0.02, validation_data=(x, y), batch_size=12, verbose=0)
    assert before.outcome().changed == 0
    assert history.history["val_loss"][-1] < history.history["val_loss"][0]
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(history.history["val_loss"][-1], rel=1e-4)
    assert accuracy == pytest.approx(history.history["val_accuracy"][-1])


def test_it_is_what_fit_does_with_a_frozen_base():
    x, y = images(32)
    results = []
    for cheap in (True, False):
        model = transfer.build(resnet(top=False), 3)
        fastcnn.utils.set_random_seed(4)
        model.compile("adam", "sparse_categorical_crossentropy")
        arguments = {"epochs": 3, "batch_size": 8, "verbose": 0}
        if cheap:
            transfer.train_head(model, x, y, lr=1e-3, **arguments)
        else:
            model.fit(x, y, **arguments)
        results.append(model.get_layer("head").get_weights())
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_compiled_loss_and_optimizer_are_used():
    x, y = images()
    model = transfer.build(resnet(top=False), 3)
    model.compile(fastcnn.optimizers.SGD(0.5, momentum=0.5), "categorical_crossentropy", metrics=["mae"])
    history = transfer.train_head(model, x, np.eye(3)[y], epochs=1, verbose=0)
    assert set(history.history) == {"loss", "mae"}
    assert float(model.optimizer.learning_rate) == 0.5 and not model.optimizer.built


def test_the_cache_of_a_head(tmp_path):
    x, y = images()
    model = transfer.build(resnet(top=False), 3)
    data = Batches(x, y)
    for _ in range(2):
        transfer.train_head(
            model, data, validation_data=Batches(x[:7], y[:7]), cache=tmp_path / "f.npy", epochs=1, verbose=0
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["f-validation.npy", "f.npy"]
    assert np.load(tmp_path / "f.npy").shape == (24, 4)  # pooled: only what the head learns from is kept


def test_layers_forget_that_they_were_called_alone():
    x, y = images()
    model = transfer.build(resnet(top=False), 3)
    calls = len(model.get_layer("head")._calls)
    transfer.train_head(model, x, y, epochs=1, verbose=0)
    assert len(model.get_layer("head")._calls) == calls


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": None}, "x: arrays need labels, y is missing"),
        ({"validation_data": (1, 2, 3)}, "validation_data must be .x, y. or a dataset, got 3 parts"),
        ({"validation_data": Batches(images()[0])}, "validation_data: the batches have no labels"),
        ({"x": Batches(images()[0])}, "x: y must not be given where x is a Batches"),
        ({"head": "nothing"}, "there is no layer 'nothing'"),
    ],
)
def test_errors_of_heads(arguments, message):
    x, y = images()
    with pytest.raises(ValueError, match=message):
        transfer.train_head(transfer.build(resnet(top=False), 3), **{"x": x, "y": y, "verbose": 0, **arguments})


def test_a_head_with_a_second_way_in_is_refused():
    inputs = layers.Input((12, 12, 3))
    x = layers.Conv2D(4, 3)(inputs)
    pooled = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(inputs)])
    model = models.Model(inputs, layers.Dense(3, activation="softmax", name="top")(pooled))
    transfer.train_head(model, *images(), epochs=1, verbose=0)  # the base ends with the concatenation
    two = layers.Dense(3, name="one")(layers.Dense(4, name="zero")(pooled))
    model = models.Model(inputs, layers.Add()([two, layers.Dense(3, name="side")(layers.Flatten()(x))]), name="two")
    with pytest.raises(ValueError, match="the head of 'two' takes more than the features before it"):
        transfer.train_head(model, *images(), head="zero", verbose=0)


def test_data_that_has_no_batches():
    with pytest.raises(TypeError, match="data must be arrays, a PyDataset or an iterable of batches, got int"):
        transfer.extract_features(resnet(top=False), 3)
