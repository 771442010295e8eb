"""fastcnn as one of the peers; it also writes the network, the data and the right answers for the others."""

from typing import Any

import numpy as np

import fastcnn
from bench.networks import NETWORKS, build
from bench.peer_blueprint import write
from bench.peer_task import LEARNING_RATE, MOMENTUM, Call, Factories, Task
from fastcnn import losses, optimizers, quickbench


def versions() -> dict[str, str]:
    return {"fastcnn": fastcnn.__version__}


def _compiled(model: Any) -> Any:
    model.compile(
        optimizer=optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM),
        loss=losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def export(task: Task) -> dict[str, Any]:
    """Writes the network with random weights, images and labels, and the outputs; tells what the machine can do."""
    network = NETWORKS[task.network]
    fastcnn.utils.set_random_seed(0)
    model = build(task.network)
    write(model, task.path("."))
    rng = np.random.default_rng(0)
    x = rng.standard_normal((task.images, network.side, network.side, network.channels), dtype=np.float32)
    y = rng.integers(0, network.classes, task.images)
    np.save(task.path("x.npy"), x)
    np.save(task.path("y.npy"), y)
    some = x[: task.batch]
    np.save(task.path("expected.npy"), model.predict(some, batch_size=len(some), verbose=0))
    if task.mode == "train" and not task.blueprint().draws():
        loss = _compiled(model).train_on_batch(some, y[: task.batch])
        np.save(task.path("loss.npy"), np.float64(np.ravel(loss)[0]))
    return {
        "isa": fastcnn.show_config("dicts")["cpu"]["isa"],
        "peak GFLOP/s": quickbench.machine_peak(),
        "copy GB/s": quickbench.machine_copy(),
    }


def _restored(task: Task) -> Any:
    model, blueprint = build(task.network), task.blueprint()
    targets = [step["target"] for step in blueprint.steps]
    layers = [node.operation for node in model._graph.nodes if node.inputs]
    for layer, target in zip(layers, targets, strict=True):
        layer.set_weights(blueprint.weights(target))
    return model


def _inference(task: Task) -> Call:
    model, x = _restored(task), task.x()
    task.check("fastcnn", model.predict(x, batch_size=len(x), verbose=0))
    return lambda: model.predict_on_batch(x)


def _training(task: Task) -> Call:
    model, x, y = _compiled(_restored(task)), task.x(), task.y()
    task.check_loss("fastcnn", np.ravel(model.train_on_batch(x, y))[0])
    return lambda: model.train_on_batch(x, y)


def _epoch(task: Task) -> Call:
    model, x, y = _compiled(_restored(task)), task.x(), task.y()
    few = 3 * task.batch + len(x) % task.batch
    model.fit(x[:few], y[:few], batch_size=task.batch, verbose=0)
    return lambda: model.fit(x, y, batch_size=task.batch, verbose=0)


def floor(task: Task) -> float:
    """Milliseconds that the network's work must take on this machine at its best."""
    model, x = _restored(task), task.x()
    if task.mode == "train":
        return float(_compiled(model).profile(x, task.y(), training=True).network_floor_ms)
    return float(model.profile(x).network_floor_ms)


def factories(task: Task) -> Factories:
    build_call = {"inference": _inference, "epoch": _epoch}.get(task.mode, _training)
    return {"fastcnn": lambda: build_call(task)}
