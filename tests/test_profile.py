"""model.profile: what it reports adds up, names what it is of, and leaves the model as it was."""

import json

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, metrics, models, ops, optimizers, quickbench, random, utils
from fastcnn.plan.costs import Limits
from fastcnn.plan.profile import Profile


def residual(dropout=0.3):
    x = start = layers.Input((12, 12, 3))
    x = layers.Conv2D(40, 3, padding="same", use_bias=False, name="stem")(x)
    x = y = layers.ReLU(name="stem_relu")(layers.BatchNormalization(name="stem_norm")(x))
    x = layers.Conv2D(40, 3, padding="same", name="block_conv")(x)
    x = layers.BatchNormalization(name="block_norm")(x)
    x = layers.ReLU(name="block_relu")(layers.Add(name="block_add")([x, y]))
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="drop")(layers.Flatten()(x))
    return models.Model(start, layers.Dense(5, activation="softmax", name="head")(x))


def compiled(**options):
    utils.set_random_seed(3)
    model = residual(**options)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data(count=8):
    rng = np.random.default_rng(0)
    return rng.random((count, 12, 12, 3)).astype("float32"), rng.integers(0, 5, count)


@pytest.fixture(scope="module")
def found():
    return compiled().profile(*data(), training=True, repeats=2)


def row(found, layer, stage, operation):
    chosen = [r for r in found.rows if (r["layer"], r["stage"]) == (layer, stage) and r["operation"] == operation]
    assert len(chosen) == 1, [(r["layer"], r["stage"], r["operation"]) for r in found.rows]
    return chosen[0]


def made_up(times, works=(2e8, 0.0), moved=(1e7, 4e7)):
    limits = Limits(100.0, 20.0)
    rows = []
    for i, (ms, work, size) in enumerate(zip(times, works, moved, strict=True)):
        floor = limits.floor_ms(work, size)
        rows.append(
            {
                "step": i,
                "layer": "one",
                "layers": ["one"],
                "stage": "forward",
                "operation": "dense",
                "signature": "dense (1,2)",
                "fused": [],
                "algorithm": ["gemm", "pass"][i],
                "ms": ms,
                "flops": work,
                "work": work,
                "bytes": size,
                "floor_ms": floor,
                "share": floor / ms,
            }
        )
    return Profile("inference", rows, limits)


def test_floors_by_hand():
    found = made_up((4.0, 4.0))
    assert [r["floor_ms"] for r in found.rows] == [2.0, 2.0]
    assert found.total_ms == 8.0 and found.floor_ms == 4.0 and found.share == 0.5
    assert found.network_floor_ms == 2.5  # 5e7 bytes at 20 GB/s, longer than 2e8 FLOPs at 100 GFLOP/s
    assert found.network_share == 2.5 / 8
    (layer,) = found.by_layer()
    assert layer["ms"] == 8.0 and layer["share"] == 0.5 and layer["algorithms"] == ["gemm", "pass"]
    assert layer["steps"] == 2 and layer["bytes"] == 5e7 and layer["flops"] == layer["work"] == 2e8


def test_rows_add_up(found):
    assert found.total_ms == pytest.approx(sum(r["ms"] for r in found.rows)) and found.total_ms > 0
    limits = found.limits
    for r in found.rows:
        assert r["floor_ms"] == limits.floor_ms(r["work"], r["bytes"]) and r["bytes"] > 0
        assert r["share"] == pytest.approx(r["floor_ms"] / r["ms"])
        assert 0 < r["work"] <= r["flops"] or r["work"] == r["flops"] == 0 or r["algorithm"] == "winograd"
    assert 0 < found.network_floor_ms <= found.floor_ms * (1 + 1e-12)
    assert [r["step"] for r in found.rows] == list(range(len(found.rows)))
    for name in ("ms", "flops", "work", "bytes", "floor_ms"):
        assert sum(r[name] for r in found.by_layer()) == pytest.approx(sum(r[name] for r in found.rows))


def test_steps_belong_to_layers_forward_and_backward(found):
    assert row(found, "stem", "forward", "conv2d")["algorithm"] == "direct"
    assert row(found, "block_conv", "forward", "conv2d")["algorithm"] == "winograd"
    assert row(found, "block_conv", "forward", "conv2d")["fused"] == ["bias"]
    norm = row(found, "block_norm", "forward", "batch_norm_fused")
    assert norm["fused"] == ["shortcut", "relu"]
    assert norm["layers"] == ["block_norm", "block_add", "block_relu"]
    assert row(found, "stem", "backward", "conv2d_dw")["fused"] == []
    assert row(found, "block_conv", "backward", "conv2d_dx_fused")["fused"] == ["sum of gradients"]
    gradient = row(found, "stem_norm", "backward", "batch_norm_backward_fused")
    assert gradient["fused"] == ["activation's gradient"]
    row(found, "pool", "forward", "max_pool_indices")
    row(found, "pool", "backward", "max_pool_scatter")
    row(found, "drop", "backward", "dropout_dx")
    assert row(found, "head", "backward", "dense_dw")["algorithm"] == "gemm"
    stages = [r["stage"] for r in found.rows]
    assert stages == sorted(stages, key=["forward", "backward", "update"].index)
    assert not any(r["operation"] == "conv2d_dx" for r in found.rows if r["layer"] == "stem")


def test_inference_tells_what_was_folded():
    found = compiled().profile(data()[0], repeats=1)
    assert {r["stage"] for r in found.rows} == {"forward"}
    block = row(found, "block_conv", "forward", "conv2d_fused")
    assert block["fused"] == ["bias", "batch norm", "shortcut", "relu"]
    assert block["layers"] == ["block_conv", "block_norm", "block_add", "block_relu"]
    assert "(8,12,12,40) (3,3,40,40)" in block["signature"]
    assert row(found, "stem", "forward", "conv2d_fused")["fused"] == ["batch norm", "relu"]


def test_layers_inside_layers_have_both_names():
    inner = models.Sequential([layers.Input((4,)), layers.Dense(3, name="deep")], name="inner")
    start = layers.Input((4,))
    model = models.Model(start, inner(start))
    assert [r["layer"] for r in model.profile(np.zeros((2, 4)), repeats=1).rows] == ["inner/deep"]


def test_printed(found):
    text = str(found)
    lines = text.splitlines()
    assert lines[0].startswith("training step: ") and "peak P = " in lines[0] and "copy B = " in lines[0]
    assert "floor of the steps" in lines[1] and "whole network" in lines[1]
    assert lines[2].startswith("forward ") and "; backward " in lines[2]
    table = lines[5:]
    assert len(table) == len(found.rows)
    times = [float(line.split()[0]) for line in table]
    assert times == sorted(times, reverse=True)
    assert any("winograd" in line and "block_conv: conv2d (8,12,12,40)" in line for line in table)
    assert repr(found).startswith("<Profile of training step: ")


def test_files(found, tmp_path):
    found.to_json(tmp_path / "p.json")
    read = json.loads((tmp_path / "p.json").read_text())
    assert read["steps"] == found.rows and read["layers"] == found.by_layer()
    assert read["total_ms"] == found.total_ms and read["network_share"] == found.network_share
    found.save_trace(tmp_path / "t.json")
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    steps = [e for e in events if e["ph"] == "X"]
    assert len(steps) == len(found.rows)
    ends = [e["ts"] + e["dur"] for e in steps]
    np.testing.assert_allclose([e["ts"] for e in steps[1:]], ends[:-1])
    assert ends[-1] == pytest.approx(found.total_ms * 1e3)
    assert steps[0]["name"] == "stem: conv2d" and steps[0]["args"]["algorithm"] == "direct"
    names = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    assert [names[e["tid"]] for e in steps] == [r["stage"] for r in found.rows]


def test_profile_writes_at_once(tmp_path):
    pytest.importorskip("matplotlib")
    model = compiled()
    found = model.profile(data()[0], trace=tmp_path / "t.json", roofline=tmp_path / "r.png", repeats=1)
    assert len(json.loads((tmp_path / "t.json").read_text())["traceEvents"]) == len(found.rows) + 1
    assert (tmp_path / "r.png").read_bytes()[:4] == b"\x89PNG"


def everything(model):
    """All that a step may change, as bytes."""
    seeds = [seed.state for layer in model._flatten_layers() for seed in layer._seeds()]
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables, *seeds]
    return [v.numpy().tobytes() for v in variables], random.global_state()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("optimizer", ["adam", lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True)])
def test_profiles_change_nothing(training, optimizer):
    utils.set_random_seed(3)
    model = residual()
    model.compile(
        optimizer if isinstance(optimizer, str) else optimizer(),
        "sparse_categorical_crossentropy",
        metrics=["accuracy", metrics.SparseCategoricalCrossentropy()],
    )
    x, y = data(16)
    model.fit(x, y, epochs=1, batch_size=8, verbose=0)
    before = everything(model)
    model.profile(x[:8], y[:8], training=training)
    assert everything(model) == before


def test_training_goes_on_as_without_profiles():
    x, y = data(24)
    ends = []
    for profiled in (False, True):
        model = compiled()
        for _ in range(3):
            if profiled:  # the first time before anything is built
                model.profile(x[:8], y[:8], training=True, repeats=2)
                model.profile(x[:8], repeats=1)
            history = model.fit(x, y, epochs=1, batch_size=8, verbose=0).history
        ends.append((everything(model), history, model.predict(x, verbose=0).tobytes()))
    assert ends[0] == ends[1]


def test_logs_so_far_are_kept():
    x, y = data()
    model, other = compiled(), compiled()
    model.train_on_batch(x, y)
    other.train_on_batch(x, y)
    model.profile(x, y, training=True, repeats=1)
    assert model.get_metrics_result() == other.get_metrics_result()
    assert model.train_on_batch(x, y) == other.train_on_batch(x, y)


class Peeks(models.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(5, activation="softmax")

    def call(self, x):
        x = ops.reshape(x, (x.shape[0], -1))
        return self.head(x * 2 if float(ops.sum(x)) > 0 else x)


def test_what_runs_eagerly_has_no_profile():
    model = Peeks()
    model(data()[0])
    with pytest.raises(ValueError, match=r"no program to profile, for it runs eagerly: test_profile\.py:\d+: .*float"):
        model.profile(data()[0])


def test_models_without_weights_yet():
    inner = models.Sequential([layers.Dense(2)])
    assert models.Sequential([layers.Dense(3), inner]).profile(np.ones((2, 4), np.float32)).rows


def test_a_training_step_needs_compile():
    with pytest.raises(ValueError, match=r"profile\(training=True\) needs a compiled model"):
        residual().profile(*data(), training=True)


@pytest.mark.parametrize("repeats", [0, -1, 1.5, True])
def test_repeats_are_counted(repeats):
    with pytest.raises(ValueError, match="repeats must be an int of at least 1"):
        compiled().profile(data()[0], repeats=repeats)


def test_limits_are_those_of_the_threads_in_use():
    before = fastcnn.get_num_threads()
    try:
        for threads in (1, 2, 1):
            fastcnn.set_num_threads(threads)
            assert quickbench.machine_peak() == quickbench._peak(threads, 0.15)
            assert quickbench.machine_copy() == quickbench._copy(threads, 0.15)
        assert quickbench._peak(1, 0.15) != quickbench._peak(2, 0.15)  # measured each for itself
    finally:
        fastcnn.set_num_threads(before)


def test_eager_steps_know_no_layer():
    """Names are noted while a program is captured; eager calls and functional models do not pay for them."""
    model = compiled()
    assert all(node.layer is None and not node.backward for node in model._graph.nodes)
