"""The update and the counts for the logs are part of a training step's profile, and of its explanation."""

import pytest
from test_profile import compiled, data, residual

from fastcnn import optimizers


@pytest.mark.parametrize(("optimizer", "slots"), [("adam", 2), (lambda: optimizers.SGD(0.1, momentum=0.9), 1)])
def test_update_reads_and_writes_weights_and_slots(optimizer, slots):
    model = residual()
    model.compile(optimizer if isinstance(optimizer, str) else optimizer(), "sparse_categorical_crossentropy")
    found = model.profile(*data(), training=True, repeats=1)
    counts, update = found.rows[-2:]
    assert (counts["operation"], counts["stage"]) == ("counts for the logs", "update")
    assert counts["bytes"] == 2 * 8 * 5 * 4
    assert update["operation"] == model.optimizer.kernel and update["stage"] == "update"
    weights = sum(v.array.nbytes for v in model.trainable_variables)
    assert update["bytes"] == (3 + 2 * slots) * weights
    assert f"{len(model.trainable_variables)} variables" in update["signature"]
    assert [r["step"] for r in found.rows] == list(range(len(found.rows)))
    assert "update" in str(found).splitlines()[2]


def test_where_python_updates_there_is_no_such_step():
    model = residual()
    model.compile(optimizers.Adam(gradient_accumulation_steps=2), "sparse_categorical_crossentropy")
    found = model.profile(*data(), training=True, repeats=1)
    assert [r["operation"] for r in found.rows if r["stage"] == "update"] == ["counts for the logs"]


def test_explained():
    model = compiled()
    model.fit(*data(), batch_size=8, verbose=0)
    assert f"-- update: adam, 1 call for {len(model.trainable_variables)} variables" in model.explain_plan()
