"""Keras on TensorFlow as a peer: training and inference, with and without XLA."""

import os
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

from bench.peer_blueprint import Blueprint, borders
from bench.peer_task import LEARNING_RATE, MOMENTUM, Call, Factories, Task, no_export

export = no_export


def versions() -> dict[str, str]:
    return {"tensorflow": tf.__version__, "keras": keras.__version__}


def _padded(step: dict[str, Any], config: dict[str, Any], x: Any) -> Any:
    """Brings paddings in numbers, which Keras does not have, into its words or into a layer of their own."""
    padding, image = config["padding"], step["shape"][:2]
    size, strides = config.get("kernel_size") or config["pool_size"], config["strides"]
    if config.pop("ceil_mode", False):
        over = [-(n - k) % s for n, k, s in zip(image, size, strides, strict=True)]  # of the last window
        if padding != "valid" or (any(over) and borders(step, "same") != [(0, n) for n in over]):
            raise NotImplementedError(f"Keras does not round as {step['config']['name']!r} does")
        config["padding"] = "same" if any(over) else "valid"
    elif not isinstance(padding, str):
        if borders(step) == borders(step, "same"):
            config["padding"] = "same"
        else:
            x = keras.layers.ZeroPadding2D(padding)(x)  # of maxima, too: they come behind a ReLU
            config["padding"] = "valid"
    return x


def model_of(blueprint: Blueprint) -> Any:
    """The functional model: fastcnn's configs are Keras's but for paddings in numbers."""
    start = keras.Input(blueprint.image)
    values = {blueprint.input: start}
    for step in blueprint.steps:
        config = {key: value for key, value in step["config"].items() if key != "name"}
        inputs: Any = [values[source] for source in step["sources"]]
        inputs = inputs[0] if len(inputs) == 1 else inputs
        if "padding" in config and step["kind"] != "ZeroPadding2D":
            inputs = _padded(step, config, inputs)
        layer = getattr(keras.layers, step["kind"]).from_config(config)
        values[step["target"]] = layer(inputs)
        if step["weights"]:
            layer.set_weights(blueprint.weights(step["target"]))
    return keras.Model(start, values[blueprint.output])


def _compiled(task: Task, xla: bool) -> Any:
    model = model_of(task.blueprint())
    model.compile(
        optimizer=keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=xla,
    )
    return model


def _inference(task: Task, variant: str, xla: bool) -> Call:
    model, x = model_of(task.blueprint()), tf.constant(task.x())
    function = tf.function(lambda x: model(x, training=False), jit_compile=xla)
    task.check(variant, function(x).numpy())
    return lambda: function(x).numpy()


def _training(task: Task, variant: str, xla: bool) -> Call:
    model, x, y = _compiled(task, xla), task.x(), task.y()
    if task.mode == "train":
        task.check(variant, model(x, training=False).numpy())
        task.check_loss(variant, model.train_on_batch(x, y))
    return lambda: model.train_on_batch(x, y)


def _step(task: Task, variant: str, xla: bool) -> Call:
    """The leanest step there is: one function, tensors in, the loss out."""
    model = model_of(task.blueprint())
    optimizer = keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
    optimizer.build(model.trainable_variables)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = tf.constant(task.x()), tf.constant(task.y())

    @tf.function(jit_compile=xla)
    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    task.check_loss(variant, step(x, y))
    return lambda: float(step(x, y))


def _epoch(task: Task, xla: bool) -> Call:
    model, x, y = _compiled(task, xla), task.x(), task.y()
    few = 3 * task.batch + len(x) % task.batch
    model.fit(x[:few], y[:few], batch_size=task.batch, verbose=0)
    return lambda: model.fit(x, y, batch_size=task.batch, verbose=0)


def factories(task: Task) -> Factories:
    tf.config.threading.set_intra_op_parallelism_threads(task.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(0)
    made: Factories = {}
    for xla in (False, True):
        variant = "Keras XLA" if xla else "Keras"
        if task.mode == "inference":
            made[variant] = lambda v=variant, xla=xla: _inference(task, v, xla)
        elif task.mode == "epoch":
            made[variant] = lambda xla=xla: _epoch(task, xla)
        else:
            made[variant] = lambda v=variant, xla=xla: _training(task, v, xla)
        if task.mode == "train":
            lean = f"{variant} tf.function"
            made[lean] = lambda v=lean, xla=xla: _step(task, v, xla)
    return made
