"""Centring, standardization and whitening: what adapt finds, against float64; saved, loaded, and wrong arguments."""

import numpy as np
import pytest

from fastcnn import Sequential, layers, preprocessing, saving, utils

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(50, 4, 5, 3)) * [3, 20, 0.5] + [10, -4, 100]).astype(np.float32)
CENTRING = ["ZeroCenter", "MeanImageSubtraction", "ChannelMeanSubtraction", "Standardization"]
ALL = [*CENTRING, "PCAWhitening", "ZCAWhitening"]


def make(name, **arguments):
    return getattr(preprocessing, name)(**arguments)


@pytest.mark.parametrize("name", ALL)
def test_exported_from_both(name):
    assert getattr(preprocessing, name) is getattr(layers, name)


@pytest.mark.parametrize(
    ("name", "axes"),
    [("ZeroCenter", (0, 1, 2)), ("MeanImageSubtraction", 0), ("ChannelMeanSubtraction", (0, 1, 2))],
)
def test_centring_equals_numpy(name, axes):
    layer = make(name)
    layer.adapt(X)
    mean = X.mean(axes, keepdims=True, dtype=np.float64)
    np.testing.assert_allclose(layer.mean.numpy(), mean.squeeze(), rtol=1e-6)
    np.testing.assert_allclose(layer(X).numpy(), X - mean, atol=1e-4)
    assert layer.trainable_weights == []


def test_channels_first():
    layer = make("ChannelMeanSubtraction", data_format="channels_first")
    layer.adapt(X.transpose(0, 3, 1, 2))
    last = make("ChannelMeanSubtraction")
    last.adapt(X)
    np.testing.assert_allclose(layer(X.transpose(0, 3, 1, 2)).numpy().transpose(0, 2, 3, 1), last(X).numpy(), atol=1e-5)


def test_standardization():
    x = X.copy()
    x[:, 0, 0, 1] = 7  # never varies
    layer = make("Standardization", axis=(1, 2, 3))
    layer.adapt(x)
    z = layer(x).numpy()
    assert not z[:, 0, 0, 1].any()
    z = np.delete(z.reshape(50, -1), 1, axis=1)
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(z.std(0), 1, atol=1e-4)


@pytest.mark.parametrize("name", ALL)
def test_batches_give_what_the_whole_gives(name):
    few = {"n_components": 7} if name == "PCAWhitening" else {}
    whole, parts, listed = (make(name, **few) for _ in range(3))
    whole.adapt(X)
    parts.adapt((x, "label") for x in (X[:20], X[20:27], X[27:]))
    listed.adapt([X[:20], X[20:]])
    for other in (parts, listed):
        for a, b in zip(whole.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def whitened_by_numpy(x, epsilon, components=None):
    flat = x.reshape(len(x), -1).astype(np.float64)
    mean = flat.mean(0)
    u, s, _ = np.linalg.svd((flat - mean).T @ (flat - mean) / len(flat))
    turned = (flat - mean) @ u[:, :components]
    return turned / np.sqrt(s[:components] + epsilon), u[:, :components]


def test_pca_whitening():
    x = RNG.normal(size=(300, 3, 2)) @ RNG.normal(size=(2, 2)) + 5
    layer = make("PCAWhitening", n_components=4, epsilon=1e-3)
    layer.adapt(x)
    z = layer(x.astype(np.float32)).numpy()
    expected, u = whitened_by_numpy(x, 1e-3, 4)
    signs = np.sign(u[np.abs(u).argmax(0), range(4)])
    np.testing.assert_allclose(z, expected * signs, atol=1e-4)
    assert layer.compute_output_shape((None, 3, 2)) == (None, 4)


def test_pca_without_whitening_keeps_lengths():
    x = RNG.normal(size=(100, 6)).astype(np.float32) * [9, 5, 1, 1, 1, 1]
    layer = make("PCAWhitening", whiten=False)
    layer.adapt(x)
    z = layer(x.astype(np.float32)).numpy()
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), np.linalg.norm(x - x.mean(0), axis=1), rtol=1e-5)
    variances = z.var(0)
    assert (np.diff(variances) < 0).all()
    covariance = np.cov(z.T)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)


def test_pca_equals_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    x = RNG.normal(size=(80, 12)) @ RNG.normal(size=(12, 12))
    layer = make("PCAWhitening", n_components=5, epsilon=0)
    layer.adapt(x)
    theirs = decomposition.PCA(5, whiten=True, svd_solver="full").fit_transform(x) * np.sqrt(80 / 79)
    ours = layer(x.astype(np.float32)).numpy()
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-3)


def test_fewer_samples_than_numbers():
    x = RNG.normal(size=(20, 5, 6)).astype(np.float32)
    layer = make("PCAWhitening", n_components=19, epsilon=0)
    layer.adapt(x)
    z = layer(x).numpy()
    np.testing.assert_allclose(z.T @ z / 20, np.eye(19), atol=1e-4)
    with pytest.raises(ValueError, match="20 samples have 19 components, 30 are wanted.*or n_components=19"):
        make("PCAWhitening").adapt(x)
    whitening = make("ZCAWhitening", epsilon=1e-9)
    whitening.adapt(x)
    y = whitening(x).numpy()
    assert y.shape == x.shape
    assert np.isfinite(y).all()


def test_zca_whitening():
    x = RNG.normal(size=(400, 2, 3, 1)) @ np.array([[2.0]])
    x[:, :, 1] += x[:, :, 0]
    layer = make("ZCAWhitening")
    layer.adapt(x)
    y = layer(x.astype(np.float32)).numpy()
    assert y.shape == x.shape
    flat = y.reshape(400, -1)
    np.testing.assert_allclose(flat.T @ flat / 400, np.eye(6), atol=1e-4)
    w = layer.projection.numpy()
    np.testing.assert_allclose(w, w.T, atol=1e-6)  # the symmetric one of all whitening matrices: nearest to the picture


@pytest.mark.parametrize("suffix", [".fastcnn", ".keras"])
@pytest.mark.parametrize("name", ALL)
def test_saved_in_a_model(name, suffix, tmp_path):
    if suffix == ".keras":
        pytest.importorskip("h5py")
    layer = make(name, **({"n_components": 7} if name == "PCAWhitening" else {}))
    layer.adapt(X)
    model = Sequential([layers.Input((4, 5, 3)), layer])
    model.save(tmp_path / f"model{suffix}")
    again = saving.load_model(tmp_path / f"model{suffix}")
    assert type(again.layers[-1]) is type(layer)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_adapting_anew_changes_what_a_model_computes():
    utils.set_random_seed(0)
    layer = make("ZeroCenter")
    model = Sequential([layers.Input((4, 5, 3)), layer])
    layer.adapt(X)
    first = model.predict(X, verbose=0)
    layer.adapt(X + 1)
    np.testing.assert_allclose(model.predict(X, verbose=0), first - 1, atol=1e-4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: make("ZeroCenter", axis=5).adapt(X), ValueError, r"axis \(5,\) does not exist in inputs"),
        (lambda: make("ZeroCenter", axis=0).adapt(X), ValueError, "axis 0 counts the samples"),
        (lambda: make("ZeroCenter", mean=[1.0, 2.0])(X), ValueError, r"mean must have the shape \(3,\), got \(2,\)"),
        (lambda: make("ZeroCenter", mean=1.0).adapt(X), ValueError, "was given its mean; adapt is for a layer without"),
        (lambda: make("MeanImageSubtraction").adapt([]), ValueError, "adapt was given no batch"),
        (lambda: make("MeanImageSubtraction").adapt(X[:0]), ValueError, "adapt was given no samples"),
        (lambda: make("MeanImageSubtraction").adapt([X, X[:, 1:]]), ValueError, "got data of shape"),
        (lambda: make("Standardization", mean=1.0), ValueError, "give both mean and stddev or none"),
        (lambda: make("Standardization", mean=1.0, stddev=0.0), ValueError, r"stddev must be above 0, got 0\.0"),
        (lambda: make("ChannelMeanSubtraction", data_format="last"), ValueError, "data_format must be"),
        (
            lambda: make("PCAWhitening", n_components=0),
            ValueError,
            "n_components must be an integer of at least 1, got 0",
        ),
        (lambda: make("PCAWhitening", n_components=61).adapt(X), ValueError, "n_components must be at most 60"),
        (lambda: make("PCAWhitening", epsilon=-1), ValueError, "epsilon must be at least 0, got -1"),
        (lambda: make("ZCAWhitening").build((None, None, 3)), ValueError, "all sizes but the first must be known"),
        (lambda: make("ZeroCenter", axis=1).build((None, None, 3)), ValueError, "sizes along axis .* must be known"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
