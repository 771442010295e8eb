"""Run by test_program_allocations.py with a counter preloaded: what replayed steps allocate, as JSON."""

import ctypes
import json

import numpy as np

import fastcnn
from fastcnn import kernels, layers, models
from fastcnn.plan import stepping

counter = ctypes.CDLL(None)
norm_relu = {"use_bias": False, "padding": "same"}


def start():
    counter.count_start()


def stop():
    """Allocations since the start."""
    counter.count_stop.restype = ctypes.c_long
    return counter.count_stop()


def mnist():
    return models.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def normalised(x, layer, activation=None):
    x = layers.BatchNormalization()(layer(x))
    return x if activation is None else layers.ReLU(max_value=activation)(x)


def resnet():
    x = start = layers.Input((16, 16, 3))
    x = layers.ReLU()(normalised(x, layers.Conv2D(32, 3, **norm_relu)))
    for stride, filters in ((1, 32), (2, 64)):
        shortcut = x if stride == 1 else normalised(x, layers.Conv2D(filters, 1, strides=2, use_bias=False))
        y = layers.ReLU()(normalised(x, layers.Conv2D(filters, 3, strides=stride, **norm_relu)))
        y = normalised(y, layers.Conv2D(filters, 3, **norm_relu))
        x = layers.ReLU()(layers.Add()([y, shortcut]))
    return models.Model(start, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def mobilenet():
    x = start = layers.Input((16, 16, 3))
    x = normalised(x, layers.Conv2D(16, 3, strides=2, **norm_relu), 6.0)
    for filters, stride in ((16, 1), (24, 2)):
        y = normalised(x, layers.Conv2D(48, 1, use_bias=False), 6.0)
        y = normalised(y, layers.DepthwiseConv2D(3, strides=stride, **norm_relu), 6.0)
        y = normalised(y, layers.Conv2D(filters, 1, use_bias=False))
        x = layers.Add()([x, y]) if stride == 1 else y
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return models.Model(start, layers.Dense(10, activation="softmax")(x))


def replayed(program):
    """Allocations of the third run."""
    run = program._core.run
    run()
    run()
    start()
    run()
    return stop()


def main():
    image = np.ones((1, 100, 100, 3), np.float32)
    start()
    kernels.relu(image)  # the canary: its result is new memory
    found = {"canary": stop()}
    start()
    found["nothing"] = stop()
    for build in (mnist, resnet, mobilenet):
        for threads in (1, 2):
            fastcnn.set_num_threads(threads)
            model = build()
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            x, y = np.random.rand(16, *model.inputs[0].shape[1:]).astype("float32"), np.arange(16) % 10
            model.train_on_batch(x, y)
            model.predict_on_batch(x)
            plans = stepping.plans_of(model)
            (step,), (pool,) = plans.training.values(), plans.inference.values()
            assert step.early and step.update.calls >= 1 and step.counted
            found[f"{build.__name__} training {threads}"] = replayed(step.program)
            found[f"{build.__name__} inference {threads}"] = replayed(pool[0].program)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
