"""The published networks compute, train, and come back from files."""

import numpy as np
import pytest

import fastcnn
from fastcnn import applications, models

SMALL = {"weights": None, "input_shape": (32, 32, 3), "classes": 3}


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).standard_normal((4, 32, 32, 3)).astype("float32")


def moved(model):
    """The same network with statistics that are not zero and one."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, fastcnn.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.8, 1.2, w.shape) for w in layer.get_weights()])
    return model


@pytest.mark.parametrize(
    ("name", "variant"), [("ResNet18", None), ("ResNet50", "keras"), ("ResNet50", "torchvision"), ("ResNet50V2", None)]
)
def test_predict_equals_calling_layer_by_layer(name, variant, x):
    model = moved(getattr(applications, name)(**SMALL, variant=variant))
    eager = model(x).numpy()
    assert np.allclose(model.predict(x, verbose=0), eager, atol=1e-5)
    assert np.allclose(eager.sum(1), 1, atol=1e-5)
    assert eager.std() > 0


@pytest.mark.parametrize("name", ["ResNet18", "ResNet50V2"])
def test_a_step_of_training_changes_every_weight(name, x):
    model = getattr(applications, name)(**SMALL)
    before = model.get_weights()
    model.compile("sgd", "sparse_categorical_crossentropy")
    loss = model.train_on_batch(x, np.array([0, 1, 2, 0]))
    assert np.isfinite(loss)
    still = [v.path for v, w in zip(model.weights, before, strict=True) if np.array_equal(v.numpy(), w)]
    # The last normalisation before a sum may have a gradient of zero where ReLU closes a map; no kernel has.
    assert not [path for path in still if path.endswith("kernel")]


def test_lenet_learns_four_images():
    rng = np.random.default_rng(0)
    x, y = rng.random((8, 32, 32, 1), np.float32), np.arange(8)
    fastcnn.utils.set_random_seed(0)
    model = applications.LeNet5()
    model.compile(fastcnn.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=60, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] == 1


@pytest.mark.parametrize("suffix", [".fastcnn", ".keras"])
@pytest.mark.parametrize("name", ["ResNet18", "VGG11_BN"])
def test_models_come_back_from_files(name, suffix, x, tmp_path):
    if suffix == ".keras":
        pytest.importorskip("h5py")
    arguments = (
        SMALL
        if name == "ResNet18"
        else {"weights": None, "input_shape": (32, 32, 3), "include_top": False, "pooling": "avg"}
    )
    model = moved(getattr(applications, name)(**arguments))
    model.save(tmp_path / f"model{suffix}")
    twin = models.load_model(tmp_path / f"model{suffix}")
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert np.array_equal(twin(x).numpy(), model(x).numpy())


def test_weights_come_back_from_files(x, tmp_path):
    pytest.importorskip("h5py")
    model = moved(applications.ResNet18(**SMALL))
    for name in ("w.weights.h5", "w.safetensors"):
        model.save_weights(tmp_path / name)
        assert np.array_equal(twin(tmp_path / name)(x), model(x))


def twin(path):
    return applications.ResNet18(**(SMALL | {"weights": path}))


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (96, 64)])
@pytest.mark.parametrize("name", ["VGG11", "ResNet18", "ResNet50", "ResNet50V2"])
def test_any_size_from_32_on(name, size):
    model = getattr(applications, name)(include_top=False, weights=None, pooling="avg")
    y = model(np.ones((1, *size, 3), np.float32)).numpy()
    assert y.shape == (1, model.output_shape[1])
    assert np.isfinite(y).all()


@pytest.mark.parametrize(
    ("name", "size", "features"), [("AlexNet", 63, 9216), ("AlexNet", 224, 9216), ("VGG11", 64, 25088)]
)
def test_other_sizes_are_pooled_to_the_bins_of_the_classifier(name, size, features, monkeypatch):
    zeros = fastcnn.initializers.Zeros()
    monkeypatch.setattr(
        fastcnn.initializers.RandomInitializer, "__call__", lambda self, shape, dtype=None: zeros(shape)
    )
    model = getattr(applications, name)(weights=None, input_shape=(size, size, 3), classes=2)
    assert model.get_layer("flatten").output.shape == (None, features)
    assert ("avgpool" in [layer.name for layer in model.layers]) == (size != 224)
