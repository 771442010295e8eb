"""The same random weights for fastcnn and Keras, and what Keras makes of them. Needs NumPy alone, so that Keras's
interpreter can import it: ``python application_oracles.py OUT.npz NAME...``."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

KERAS = os.environ.get("FASTCNN_KERAS_PYTHON")


def randomise(model, seed=0):
    """Weights with which the numbers neither die nor explode: a function of seed, order, names and shapes."""
    rng = np.random.default_rng(seed)
    made = []
    for v in model.weights:
        shape = tuple(v.shape)
        kind = v.path.rpartition("/")[2]
        if kind in ("gamma", "moving_variance", "variance"):
            made.append(rng.uniform(0.5, 1.5, shape).astype("float32"))
        elif len(shape) < 2:
            made.append((0.1 * rng.standard_normal(shape)).astype("float32"))
        else:
            fan_in = shape[0] * shape[1] if kind == "depthwise_kernel" else int(np.prod(shape[:-1]))
            made.append(rng.standard_normal(shape, "float32") * np.float32(np.sqrt(2 / fan_in)))
    model.set_weights(made)


def pictures(shape, seed=1):
    """Two images of numbers around zero."""
    return np.random.default_rng(seed).standard_normal((2, *shape)).astype("float32")


def layer_lines(model):
    """Classes, names, weights' shapes, in order: what must agree for a file of one to fit the other."""
    return [
        f"{type(layer).__name__} {layer.name} {[list(map(int, v.shape)) for v in layer.weights]}"
        for layer in model.layers
        if type(layer).__name__ != "InputLayer"
    ]


def digest(lines):
    """Sixteen digits for a list of lines."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def keras_says(folder, name, shape, file=None, **arguments):
    """Lines, parameters and outputs of Keras's network, with random weights or those of ours.npz; saved to file."""
    out = Path(folder, "theirs.npz")
    call = [KERAS, __file__, str(out), name, json.dumps(shape), json.dumps(arguments), *([str(file)] if file else [])]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run(call, capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(out) as file:
        return file["lines"].tolist(), int(file["count"]), file["y"]


if __name__ == "__main__":
    import keras

    path, network, size, rest = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
    theirs = getattr(keras.applications, network)(weights=None, input_shape=tuple(size), **rest)
    x = pictures(size)
    if Path(path).with_name("ours.npz").exists():
        with np.load(Path(path).with_name("ours.npz")) as numbers:
            theirs.set_weights([numbers[f"arr_{i}"] for i in range(len(theirs.weights))])
            x = numbers["x"]
    else:
        randomise(theirs)
    y = theirs.predict(x, verbose=0)
    np.savez(path, lines=layer_lines(theirs), count=theirs.count_params(), y=y)
    if len(sys.argv) > 5:
        theirs.save(sys.argv[5])
