"""What every published network must do: predict, save, learn, end in maps; and what PyTorch makes of its weights."""

import numpy as np
from application_oracles import keras_says, layer_lines, randomise

from fastcnn import backend, layers, optimizers
from fastcnn.models import load_model


def assert_close(ours, theirs, what, tolerance=1e-4):
    """The largest difference, as a part of the largest number, is small; it is printed, for pytest -s. The images must
    give different numbers, or any network would do."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert ours.shape == theirs.shape and np.isfinite(theirs).all()
    largest = np.abs(theirs).max()
    assert 1e-4 < largest < 1e4, "the numbers vanish or explode"
    assert np.abs(theirs[0] - theirs[1]).max() > 1e-2 * largest, "the network does not look at the images"
    error = np.abs(ours - theirs).max() / largest
    apart = np.abs(theirs[0] - theirs[1]).max() / largest
    print(f"\n    {what}: {error:.1e}; largest {largest:.2g}, images apart {apart:.2g}")
    assert error < tolerance


def pictures(shape, seed=1):
    """Two images that are not alike: waves of other lengths and directions in each channel, with noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1], :1][:2]
    waves = [np.sin(rows * a + columns * b + c) for a, b, c in rng.uniform(-0.7, 0.7, (2, 3, shape[2]))]
    noise = rng.standard_normal((2, *shape)) * np.array([0.2, 0.6]).reshape(2, 1, 1, 1)
    return (np.stack(waves) + noise).astype("float32")


def calibrate(model, shape=None):
    """Random weights, and statistics near those of the maps: whatever the depth, each layer sees numbers around one."""
    randomise(model)
    normal = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in normal:
        layer.momentum = 0.0
    model(np.concatenate([pictures(shape or model.input_shape[1:], seed) for seed in (2, 3)]), training=True)
    rng = np.random.default_rng(4)
    for layer in normal:
        variance = layer.moving_variance.numpy()
        floor = 0.01 * variance.mean() + 1e-5  # a map may be the same everywhere
        layer.moving_variance.assign((variance + floor) * rng.uniform(0.7, 1.4, variance.shape).astype("float32"))


def check_keras(make, shape, folder, **arguments):
    """The same layers, the same count and, with the same weights, the same outputs as Keras's network."""
    backend.clear_session()  # automatic names begin anew, as in Keras's process
    model = make(weights=None, input_shape=shape, classifier_activation=None, **arguments)
    calibrate(model)
    np.savez(folder / "ours.npz", *model.get_weights(), x=pictures(shape))
    name = make.__name__
    lines, count, theirs = keras_says(folder, name, shape, classifier_activation=None, **arguments)
    assert (layer_lines(model), model.count_params()) == (lines, count)
    assert_close(model.predict(pictures(shape), verbose=0), theirs, f"Keras {name} {shape} {arguments}")


def check_torchvision(make, shape, theirs, **arguments):
    """The same count and, with the same weights, the same outputs as torchvision's network."""
    model = make(weights=None, input_shape=shape, classifier_activation=None, **arguments)
    calibrate(model)
    x = pictures(shape)
    what = f"torchvision {make.__name__} {shape} {arguments}"
    assert_close(model.predict(x, verbose=0), torch_outputs(theirs, model, x), what)
    assert sum(p.numel() for p in theirs.parameters()) == trained(model)


def check_uses(make, shape, tmp_path, **arguments):
    """Predicts as it computes, comes back from a file, and learns."""
    model = make(weights=None, input_shape=shape, classes=5, **arguments)
    calibrate(model)
    x = pictures(shape)
    y = model.predict(x, verbose=0)
    assert y.shape == (2, 5)
    assert np.abs(np.diff(np.log(y + 1e-30), axis=0)).max() > 1e-2  # the images tell apart
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(y, model(x).numpy(), rtol=1e-3, atol=1e-5)
    model.save(tmp_path / "model.keras")
    assert np.array_equal(load_model(tmp_path / "model.keras").predict(x, verbose=0), y)
    model.compile(optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    before = [v.numpy().copy() for v in model.trainable_variables]
    four = np.concatenate([x, pictures(shape, 5)])  # of two numbers a normalisation leaves signs, and no gradient
    assert np.isfinite(model.train_on_batch(four, np.array([1, 3, 0, 4])))
    pairs = zip(model.trainable_variables, before, strict=True)
    assert not [v.path for v, old in pairs if v.name.endswith("kernel") and np.array_equal(v.numpy(), old)]


def check_features(make, shape, channels, **arguments):
    """Without the top it takes any size, and ends in maps, their means or their maxima."""
    maps, means, maxima = (
        make(weights=None, include_top=False, pooling=pooling, **arguments) for pooling in (None, "avg", "max")
    )
    assert maps.input_shape == (None, None, None, 3)
    x = pictures(shape)
    calibrate(maps, shape)
    y = maps.predict(x, verbose=0)
    assert y.shape[-1] == channels and y.ndim == 4 and y.std() > 0.01
    for model, f in ((means, np.mean), (maxima, np.max)):
        model.set_weights(maps.get_weights())
        np.testing.assert_allclose(model.predict(x, verbose=0), f(y, axis=(1, 2)), rtol=1e-4, atol=1e-5)


def trained(model):
    """How many numbers training changes: what torchvision counts."""
    return sum(v.numpy().size for v in model.trainable_variables)


def torch_arrays(model):
    """The state dict of the same network in PyTorch, as arrays."""
    state = {}
    for layer in model.layers:
        arrays = {v.name: v.numpy() for v in layer.weights}
        if "kernel" in arrays:
            arrays["weight"] = _turned(layer, arrays.pop("kernel"))
        names = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
        if isinstance(layer, layers.LayerScale):
            state[f"{layer.name}.layer_scale"] = arrays.pop("gamma").reshape(-1, 1, 1)
        for name, array in arrays.items():
            state[f"{layer.name}.{names.get(name, name)}"] = np.array(array, order="C")
    return state


def _turned(layer, kernel):
    if isinstance(layer, layers.DepthwiseConv2D):
        return kernel.transpose(2, 3, 0, 1)
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    before = layer.input.node.operation
    if isinstance(before, layers.Flatten):  # PyTorch flattens (c, h, w)
        h, w, c = before.input.shape[1:]
        kernel = kernel.reshape(h, w, c, -1).transpose(2, 0, 1, 3).reshape(h * w * c, -1)
    return kernel.T


def torch_outputs(theirs, model, x):
    """What the network of torchvision makes of our weights and images."""
    import torch

    state = {name: torch.from_numpy(array) for name, array in torch_arrays(model).items()}
    missing, unexpected = theirs.load_state_dict(state, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    with torch.no_grad():
        return theirs.eval()(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))).numpy()


def torchvision_models():
    """torchvision's definitions, or the test is skipped."""
    import pytest

    pytest.importorskip("torch", reason="PyTorch is not installed")
    try:
        import torchvision.models as found
    except (ImportError, RuntimeError) as error:  # one made for another PyTorch raises RuntimeError
        pytest.skip(f"torchvision cannot be imported: {error}")
    return found
