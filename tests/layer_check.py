"""The check that every layer passes: shapes, weights, configs, files, a training step, gradients, layouts, threads.

A case is (name of the class, arguments, shape of the input or list of shapes, options). Options:
``weights``: {name: shape} in order, where the case says; ``no_wrong_rank``: any rank will do;
``one_sample``: a sample without the batch's axis will do, too.
"""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import GradientTape, layers, ops
from fastcnn.gradcheck import gradcheck

Case = tuple[str, dict[str, Any], Any, dict[str, Any]]


def make(case: Case) -> Any:
    """A new layer of the case, always with the same weights."""
    fastcnn.utils.set_random_seed(7)
    name, arguments = case[:2]
    return getattr(layers, name)(**copy.deepcopy(arguments))


def several(case: Case) -> bool:
    return isinstance(case[2], list)


def shapes_of(case: Case, batch: int | None) -> list[tuple[int | None, ...]]:
    return [(batch, *shape[1:]) for shape in (case[2] if several(case) else [case[2]])]


def data(case: Case, batch: int = 2, seed: int = 1) -> Any:
    """Inputs without zeros and ties, so that no gradient sits on a kink."""
    rng = np.random.default_rng(seed)
    made = []
    for shape in shapes_of(case, batch):
        size = int(np.prod(shape))
        steps = (rng.permutation(size) + 0.75 - size // 2) / size
        made.append((2.0 * steps).reshape(shape).astype(np.float32))
    return made if several(case) else made[0]


def built(case: Case) -> tuple[Any, Any]:
    """The layer after its first call, its weights no longer at zero or one, and an input."""
    layer, x = make(case), data(case)
    layer(x)
    rng = np.random.default_rng(3)
    layer.set_weights(
        [
            w if w.dtype.kind != "f" else w + rng.uniform(0.05, 0.25, w.shape).astype(w.dtype)
            for w in layer.get_weights()
        ]
    )
    return layer, x


def run(layer: Any, x: Any, training: bool = False) -> np.ndarray[Any, Any]:
    return layer(x, training=training).numpy() if layer._takes_training else layer(x).numpy()


def as_case(case: Case, value: Any, f: Callable[[Any], Any]) -> Any:
    return [f(v) for v in value] if several(case) else f(value)


def check_shapes(case: Case) -> None:
    layer, _ = built(case)
    for batch in (1, 2, 5):
        y = run(layer, data(case, batch))
        expected = shapes_of(case, batch)
        shape = layer.compute_output_shape(expected if several(case) else expected[0])
        assert tuple(shape) == y.shape
        assert y.dtype == np.float32
    open_shapes = shapes_of(case, None)
    shape = make(case).compute_output_shape(open_shapes if several(case) else open_shapes[0])
    assert shape[0] is None
    assert tuple(shape[1:]) == y.shape[1:]


def check_symbolic(case: Case) -> None:
    inputs = [layers.Input(shape[1:]) for shape in shapes_of(case, None)]
    layer = make(case)
    output = layer(inputs if several(case) else inputs[0])
    assert layer.built
    assert output.dtype == "float32"
    y = run(layer, data(case, 3))
    assert output.shape == (None, *y.shape[1:])
    assert [w.shape for w in layer.weights] == [w.shape for w in built(case)[0].weights]


def check_weights(case: Case) -> None:
    layer, _ = built(case)
    if "weights" in case[3]:
        assert [(w.name, w.shape) for w in layer.weights] == list(case[3]["weights"].items())
    for w in layer.weights:
        assert w.path == f"{layer.name}/{w.name}"
    assert layer.count_params() == sum(int(np.prod(w.shape)) for w in layer.weights)
    layer.trainable = False
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == len(layer.weights)


def check_config(case: Case) -> None:
    layer, x = built(case)
    config = layer.get_config()
    other = type(layer).from_config(json.loads(json.dumps(config)))
    other(x)
    assert json.dumps(other.get_config()) == json.dumps(config)
    other.set_weights(layer.get_weights())
    np.testing.assert_array_equal(run(other, x), run(layer, x))
    whole = layers.deserialize(json.loads(json.dumps(layers.serialize(layer))))
    assert type(whole) is type(layer)
    assert json.dumps(whole.get_config()) == json.dumps(config)


def check_copies(case: Case) -> None:
    layer, x = built(case)
    for other in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        assert [w.path for w in other.weights] == [w.path for w in layer.weights]
        np.testing.assert_array_equal(run(other, x), run(layer, x))
        assert not any(a is b for a, b in zip(other.weights, layer.weights, strict=True))


def check_file(case: Case, folder: Any) -> None:
    inputs = [layers.Input(shape[1:]) for shape in shapes_of(case, None)]
    layer = make(case)
    model = fastcnn.Model(inputs if several(case) else inputs[0], layer(inputs if several(case) else inputs[0]))
    layer.set_weights(built(case)[0].get_weights())
    path = folder / "layer.fastcnn"
    model.save(path)
    loaded = fastcnn.saving.load_model(path)
    np.testing.assert_array_equal(run(loaded, data(case)), run(model, data(case)))
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def check_training_step(case: Case) -> None:
    layer, x = built(case)
    weights = layer.trainable_weights
    if not weights:
        return
    before = [w.numpy() for w in weights]

    def loss() -> Any:
        y = layer(x, training=True) if layer._takes_training else layer(x)
        # An odd weight for every element: a plain mean is blind to what a normalisation does.
        factor = np.cos(np.arange(y.size)).reshape(y.shape).astype(np.float32) + 0.5
        return ops.mean(ops.square(y - factor))

    with GradientTape() as tape:
        first = loss()
    for w, g in zip(weights, tape.gradient(first, weights), strict=True):
        assert g is not None, f"no gradient for {w.path}"
        w.assign_sub(0.02 * g.numpy())
    for w, old in zip(weights, before, strict=True):
        assert not np.array_equal(w.numpy(), old), f"{w.path} did not change"
    assert float(loss()) < float(first)


def check_gradients(case: Case) -> None:
    layer, x = built(case)
    arrays = list(x) if several(case) else [x]
    mode = {"training": False} if layer._takes_training else {}  # the default of layers that augment is True
    assert gradcheck(
        lambda *given: layer(list(given) if several(case) else given[0], **mode),
        arrays,
        variables=layer.trainable_weights,
    )


def check_layouts(case: Case) -> None:
    """channels_first is channels_last with the axes moved."""
    name, arguments = case[:2]
    layer, x = built(case)
    if getattr(layer, "data_format", None) is None or x.ndim < 3:
        return
    swapped = "channels_last" if layer.data_format == "channels_first" else "channels_first"
    other = getattr(layers, name)(**{**copy.deepcopy(arguments), "data_format": swapped})
    there, back = (-1, 1) if swapped == "channels_first" else (1, -1)
    moved = np.ascontiguousarray(np.moveaxis(x, there, back))
    other(moved)
    other.set_weights(layer.get_weights())
    y, z = run(layer, x), run(other, moved)
    if z.ndim == x.ndim:
        z = np.moveaxis(z, back, there)
    np.testing.assert_array_equal(z, y)


def check_input_types(case: Case) -> None:
    layer, x = built(case)
    np.testing.assert_array_equal(run(layer, as_case(case, x, lambda a: a.astype(np.float64))), run(layer, x))
    pixels = as_case(case, x, lambda a: np.abs(a * 100).astype(np.uint8))
    expected = run(layer, as_case(case, pixels, lambda a: a.astype(np.float32)))
    np.testing.assert_array_equal(run(layer, pixels), expected)
    np.testing.assert_array_equal(run(layer, as_case(case, x, fastcnn.ops.convert_to_tensor)), run(layer, x))


def check_wrong_rank(case: Case) -> None:
    if several(case) or case[3].get("no_wrong_rank"):
        return
    layer, x = built(case)
    for wrong in (x[None], x[0][0] if case[3].get("one_sample") else x[0]):
        with pytest.raises(ValueError) as caught:
            layer(wrong)
        assert layer.name in str(caught.value) + "".join(getattr(caught.value, "__notes__", []))


def check_threads(case: Case) -> None:
    before = fastcnn.get_num_threads()
    results = []
    try:
        for threads in (1, 2):
            fastcnn.set_num_threads(threads)
            layer, x = built(case)
            results.append([run(layer, x), run(layer, x, training=True), *layer.get_weights()])
    finally:
        fastcnn.set_num_threads(before)
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


CHECKS = {
    "shapes": check_shapes,
    "symbolic": check_symbolic,
    "weights": check_weights,
    "config": check_config,
    "copies": check_copies,
    "training_step": check_training_step,
    "gradients": check_gradients,
    "layouts": check_layouts,
    "input_types": check_input_types,
    "wrong_rank": check_wrong_rank,
    "threads": check_threads,
}


def check(case: Case, folder: Any) -> None:
    """All checks, one after the other; ``folder`` is for files."""
    for one in CHECKS.values():
        one(case)
    check_file(case, folder)
