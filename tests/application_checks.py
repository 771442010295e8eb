"""What every published network must do: predict, save, learn, end in maps; and what PyTorch makes of its weights."""

import numpy as np
from application_oracles import pictures, randomise

from fastcnn import layers
from fastcnn.models import load_model


def assert_close(ours, theirs, tolerance=1e-4):
    """The largest difference as a part of the largest number, which must be small; the images must tell apart."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert ours.shape == theirs.shape and np.isfinite(theirs).all()
    largest = np.abs(theirs).max()
    assert 1e-4 < largest < 1e4, "the numbers vanish or explode"
    assert np.abs(theirs[0] - theirs[1]).max() > 1e-2 * largest, "the network does not look at the images"
    error = np.abs(ours - theirs).max() / largest
    assert error < tolerance
    return error


def check_uses(make, shape, tmp_path, **arguments):
    """Predicts as it computes, comes back from a file, and learns."""
    model = make(weights=None, input_shape=shape, classes=5, **arguments)
    randomise(model)
    x = pictures(shape)
    y = model.predict(x, verbose=0)
    assert y.shape == (2, 5)
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(y, model(x).numpy(), rtol=1e-3, atol=1e-5)
    model.save(tmp_path / "model.keras")
    assert np.array_equal(load_model(tmp_path / "model.keras").predict(x, verbose=0), y)
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = [v.numpy().copy() for v in model.trainable_variables]
    assert np.isfinite(model.train_on_batch(x, np.array([1, 3])))
    same = [v.path for v, old in zip(model.trainable_variables, before, strict=True) if np.array_equal(v.numpy(), old)]
    assert not same


def check_features(make, shape, channels, **arguments):
    """Without the top it takes any size, and ends in maps, their means or their maxima."""
    maps, means, maxima = (
        make(weights=None, include_top=False, pooling=pooling, **arguments) for pooling in (None, "avg", "max")
    )
    assert maps.input_shape == (None, None, None, 3)
    x = pictures(shape)
    randomise(maps)
    y = maps.predict(x, verbose=0)
    assert y.shape[-1] == channels and y.ndim == 4
    for model, f in ((means, np.mean), (maxima, np.max)):
        randomise(model)
        np.testing.assert_allclose(model.predict(x, verbose=0), f(y, axis=(1, 2)), rtol=1e-4, atol=1e-5)


def trained(model):
    """How many numbers training changes: what torchvision counts."""
    return sum(v.numpy().size for v in model.trainable_variables)


def torch_state(model):
    """The state dict of the same network in PyTorch."""
    import torch

    state = {}
    for layer in model.layers:
        arrays = {v.name: v.numpy() for v in layer.weights}
        if "kernel" in arrays:
            arrays["weight"] = _turned(layer, arrays.pop("kernel"))
        names = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
        for name, array in arrays.items():
            state[f"{layer.name}.{names.get(name, name)}"] = torch.from_numpy(np.array(array))
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

    missing, unexpected = theirs.load_state_dict(torch_state(model), strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    with torch.no_grad():
        return theirs.eval()(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))).numpy()


def torchvision_models():
    """torchvision's definitions, or the test is skipped."""
    import pytest

    pytest.importorskip("torch", reason="PyTorch is not installed")
    try:
        import torchvision.models as found
    except (ImportError, RuntimeError):
        found = pytest.importorskip("tvmodels", reason="torchvision is not installed")
    return found
