"""explain_plan: programs in words that a reader can follow."""

import re

import numpy as np
import pytest
from test_profile import Peeks, compiled, data

from fastcnn import layers, models
from fastcnn.plan import stepping


def line(text, *words):
    chosen = [one for one in text.splitlines() if all(word in one for word in words)]
    assert len(chosen) == 1, (words, text)
    return chosen[0]


def test_before_and_after_a_fit():
    model = compiled()
    assert model.explain_plan().startswith("No program yet")
    x, y = data()
    model.fit(x, y, batch_size=8, verbose=0)
    model.predict(x, verbose=0)
    text = model.explain_plan()
    assert "Training, batch 8: " in text and "Inference, batch 8: " in text
    assert text.index("-- forward") < text.index("-- backward")


def test_for_a_batch_size_without_running():
    model = compiled()
    before = [w.tobytes() for w in model.get_weights()]
    text = model.explain_plan(4)
    assert "Training, batch 4: " in text and "Inference, batch 4: " in text
    assert not stepping.plans_of(model).training
    assert [w.tobytes() for w in model.get_weights()] == before


def test_a_step_says_who_what_how_and_where():
    text = compiled().explain_plan(4)
    inference = text[text.index("Inference") :]
    block = line(inference, "block_conv")
    assert "conv2d_prepared (4,12,12,40) (3,3,40,40) (4,12,12,40) -> (4,12,12,40) padding=same" in block
    assert "bias, batch norm, shortcut, relu" in block and "winograd" in block
    assert re.search(r"\d+ \+ 92160$", block)  # 4 * 12 * 12 * 40 floats
    line(text, "stem_norm", "batch_norm_backward_fused", "activation's gradient")
    line(text, "stem ", "conv2d_dw")


def test_results_lie_inside_the_arena_and_apart():
    model = compiled()
    model.fit(*data(), batch_size=8, verbose=0)
    (step,) = stepping.plans_of(model).training.values()
    places = [re.search(r"(\d+) \+ (\d+)$", one) for one in model.explain_plan().splitlines()]
    places = [(int(p[1]), int(p[2])) for p in places if p]
    assert len(places) > 20
    assert all(offset >= 0 and offset + size <= step.program.arena_bytes for offset, size in places)


def test_totals():
    x = start = layers.Input((8, 8, 3))
    model = models.Model(start, layers.Conv2D(4, 3, padding="same")(x))
    text = model.explain_plan(2)
    moved = 4 * (2 * 64 * 3 + 108 + 4 + 2 * 64 * 4)
    assert f"total: {2 * 128 * 27 * 4 / 1e9:.3f} GFLOP; {moved / 2**20:.1f} MB read and written once" in text
    wide = models.Model(start, layers.Conv2D(64, 3, padding="same")(layers.Conv2D(64, 3, padding="same")(start)))
    assert re.search(r"total: [\d.]+ GFLOP, [\d.]+ after Winograd; ", wide.explain_plan(2))


def test_the_line_that_keeps_a_model_eager():
    model = Peeks()
    model.compile("sgd", "sparse_categorical_crossentropy")
    x, y = data()
    model.fit(x, y, verbose=0)
    model.predict(x, verbose=0)
    text = model.explain_plan()
    for kind in ("Training", "Inference"):
        assert re.search(rf"{kind} runs eagerly: test_profile\.py:\d+: .*float\(ops\.sum\(x\)\)", text)


@pytest.mark.parametrize("size", [0, -3, 2.5, True])
def test_batch_sizes_are_counted(size):
    model = compiled()
    with pytest.raises(ValueError, match="batch_size must be an int of at least 1"):
        model.explain_plan(size)
    with pytest.raises(ValueError, match="batch_size must be an int of at least 1"):
        model.memory_report(size)


def test_a_program_of_views_alone():
    start = layers.Input((4, 2))
    model = models.Model(start, layers.Flatten()(start))
    np.testing.assert_array_equal(model.predict(np.ones((3, 4, 2)), verbose=0), np.ones((3, 8)))
    assert "0 steps" in model.explain_plan() and "total: 0.000 GFLOP; 0.0 MB" in model.explain_plan()
