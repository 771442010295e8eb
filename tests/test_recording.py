"""What programs record besides kernels: numbers read when they run, counts, factors of clipping; and what they refuse."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fastcnn import SymbolicTensor, _core, kernels, ops
from fastcnn.plan.capture import NotCapturable, capture
from fastcnn.plan.memory import place
from fastcnn.plan.program import Program

FLOATS, LABELS, SUM = np.ones((4, 3), np.float32), np.zeros(4, np.int64), np.zeros(())


def recorded(call, *args, **kwargs):
    """A program of this one call."""
    program = _core.Program()
    program.begin([])
    try:
        call(*args, **kwargs)
    finally:
        program.end()
    return program


def test_rate_step_and_scale_are_read_when_the_program_runs():
    w, m, v = (np.full(5, x, np.float32) for x in (1.0, 0.0, 0.0))
    expected = [a.copy() for a in (w, m, v)]
    g = np.linspace(-1, 1, 5, dtype=np.float32)
    rate, step, scale = np.zeros(1), np.zeros(1), np.zeros(1)
    program = recorded(kernels.adam, w, g, m, v, step=step, learning_rate=rate, scale=scale)
    for i, (r, s) in enumerate([(0.1, 1.0), (0.5, 0.25)], 1):
        rate[0], step[0], scale[0] = r, i, s
        program.run()
        kernels.adam(expected[0], g, *expected[1:], step=i, learning_rate=r, scale=s)
        for a, b in zip((w, m, v), expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_factors_of_clipping_are_those_of_the_kernels():
    arrays, factor = [np.full(n, 2.0, np.float32) for n in (3, 6)], np.zeros(1)
    recorded(_core.clip_scale, arrays, 1.5, factor).run()
    assert factor[0] == kernels.clip_factor(kernels.global_norm(arrays), 1.5)
    arrays[0][0] = np.nan
    program = recorded(_core.clip_scale, arrays, 1.5, factor)
    program.run()
    assert np.isnan(factor[0])


def test_steps_that_are_forgotten_do_not_run():
    total, count = np.zeros(()), np.zeros(())
    program = recorded(_core.add_to_mean, np.full((), 2.0, np.float32), 3, total, count)
    program.begin([])
    _core.add_to_mean(np.full((), 10.0, np.float32), 1, total, count)
    program.end()
    program.run()
    assert (total, count, len(program)) == (16, 4, 2)
    program.truncate(1)
    program.truncate(7)
    program.run()
    assert (total, count, len(program)) == (22, 7, 1)


def test_integers_become_floats():
    program = _core.Program()
    program.begin([])
    x = np.array([1, -2, 2**24 + 1])
    y = _core.to_float(x)
    program.end()
    program.run()
    np.testing.assert_array_equal(y, x.astype(np.float32))


@pytest.mark.parametrize(
    ("call", "arguments", "error", "message"),
    [
        (
            kernels.sgd,
            {"w": FLOATS, "g": FLOATS, "learning_rate": np.zeros(2)},
            ValueError,
            "learning_rate must have one",
        ),
        (
            _core.add_to_mean,
            {"value": FLOATS, "count": 1, "total": SUM, "sum": SUM},
            ValueError,
            "value must be one number",
        ),
        (
            _core.add_to_mean,
            {"value": FLOATS[:1, 0], "count": 1, "total": LABELS, "sum": SUM},
            TypeError,
            "total must have dtype",
        ),
        (
            _core.count_sparse,
            {"y_true": LABELS[:3], "y_pred": FLOATS, "total": SUM, "count": SUM},
            ValueError,
            r"y_true must have a label for each row of y_pred, got shapes \(3,\) and \(4, 3\)",
        ),
        (
            _core.count_sparse,
            {"y_true": LABELS, "y_pred": FLOATS[:, :0], "total": SUM, "count": SUM},
            ValueError,
            r"y_pred must have an axis of classes, got shape \(4, 0\)",
        ),
        (
            _core.count_categorical,
            {"y_true": FLOATS[:3], "y_pred": FLOATS, "total": SUM, "count": SUM},
            ValueError,
            r"y_true must have shape \(4, 3\), got \(3, 3\)",
        ),
        (
            _core.count_binary,
            {"y_true": LABELS, "y_pred": FLOATS, "threshold": 0.5, "total": SUM, "count": SUM},
            ValueError,
            r"y_true must have as many labels as y_pred has outputs, got shapes \(4,\) and \(4, 3\)",
        ),
        (
            _core.clip_scale,
            {"arrays": [FLOATS], "clipnorm": 1.0, "factor": np.zeros(2)},
            ValueError,
            r"factor must have shape \(1,\), got \(2,\)",
        ),
    ],
)
def test_refused(call, arguments, error, message):
    with pytest.raises(error, match=message):
        recorded(
            call,
            *([*arguments.values()] if call is _core.clip_scale else []),
            **({} if call is _core.clip_scale else arguments),
        )


def test_a_norm_that_cannot_be_clipped_to_is_refused_when_the_program_runs():
    program = recorded(_core.clip_scale, [FLOATS], -1.0, np.zeros(1))
    with pytest.raises(ValueError, match="clipnorm must be positive"):
        program.run()


def test_fixed_places_are_kept_and_used_before_and_after():
    lives = [(0, 1, 100), (2, 3, 100), (2, 3, 64), (0, 3, 64)]
    offsets, size = place(lives, {1: 0, 2: 128})
    assert offsets[1:3] == [0, 128] and offsets[0] == 0
    assert offsets[3] == 192 and size == 256


def test_a_program_that_another_includes_runs_as_it_is_then():
    total, count = np.zeros(()), np.zeros(())
    one = np.full((), 1.0, np.float32)
    inner, outer = _core.Program(), recorded(_core.add_to_mean, one, 1, total, count)
    outer.include(inner)
    outer.begin([])
    _core.add_to_mean(np.full((), 100.0, np.float32), 1, total, count)
    outer.end()
    assert len(outer) == len(outer.time()) == 3
    outer.run()
    assert total == 202
    for value in (10.0, 1000.0):
        inner.truncate(0)
        inner.begin([])
        _core.add_to_mean(np.full((), value, np.float32), 1, total, count)
        _core.add_to_mean(np.full((), value, np.float32), 1, total, count)
        inner.end()
        total[...] = 0
        outer.run()
        assert total == 101 + 2 * value
    outer.truncate(1)
    total[...] = 0
    outer.run()
    assert total == 1
    with pytest.raises(ValueError, match="a program cannot include itself"):
        outer.include(outer)


def test_errors_of_an_included_program_end_the_run():
    w, rate, total, count = np.ones(3, np.float32), np.full(1, np.nan), np.zeros(()), np.zeros(())
    inner, outer = _core.Program(), _core.Program()
    outer.include(inner)
    inner.begin([])
    kernels.sgd(w, np.ones(3, np.float32), learning_rate=rate)
    inner.end()
    outer.begin([])
    _core.add_to_mean(np.full((), 1.0, np.float32), 1, total, count)
    outer.end()
    with pytest.raises(ValueError, match="learning_rate must be finite"):
        outer.run()
    assert total == 0 and (w == 1).all()
    rate[0] = 0.5
    outer.run()
    assert total == 1 and (w == 0.5).all()


@pytest.mark.parametrize(("part", "taken"), [(1.0, True), (0.5, False), (0.0, False)])
def test_workspace_of_a_steps_own(part, taken):
    """Too little of it is left alone."""
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 32)).astype("float32")
    w = np.random.default_rng(1).normal(size=(3, 3, 32, 32)).astype("float32")
    expected, program = kernels.conv2d(x, w), _core.Program()
    wanted = _core.conv2d_workspace(x.shape, w.shape, 1, "valid", 1, 1, "forward", False)
    memory = _core.aligned_bytes(max(64, int(part * wanted) // 64 * 64 + 64))
    memory[...] = 7
    program.lend(memory if part else None)
    program.begin([])
    y = kernels.conv2d(x, w)
    program.end()
    program.lend(None)
    for _ in range(3):
        y[...] = 0
        program.run()
        np.testing.assert_array_equal(y, expected)
    assert (memory != 7).any() == taken


SIGNALLED = """
import signal, sys
import numpy as np
from fastcnn import _core, kernels
signal.signal(signal.SIGINT, signal.default_int_handler)
x, w = np.ones((8, 128, 128, 64), np.float32), np.ones((3, 3, 64, 64), np.float32)
total, count = np.zeros(()), np.zeros(())
program = _core.Program()
if sys.argv[1] == "included":
    program.include(_core.Program())
program.begin([])
for _ in range(60):
    y = kernels.conv2d(x, w)
_core.add_to_mean(np.ones((), np.float32), 1, total, count)
program.end()
signal.setitimer(signal.ITIMER_REAL, 0.02)
signal.signal(signal.SIGALRM, signal.default_int_handler)
try:
    program.run()
    sum(range(1000))
except KeyboardInterrupt:
    print("broken off", int(total))
"""


@pytest.mark.parametrize(("how", "done"), [("plain", 0), ("included", 1)])
def test_signals_break_no_update_off(how, done):
    made = subprocess.run([sys.executable, "-P", "-c", SIGNALLED, how], capture_output=True, text=True, timeout=120)
    assert made.stdout.split() == ["broken", "off", str(done)], made.stderr


def test_what_no_program_can_run():
    unknown = capture(ops.relu, [SymbolicTensor((None, 3), "float32")])
    with pytest.raises(NotCapturable, match="the size of .*None.* is not known"):
        Program(unknown)
    copied = capture(lambda x: ops.squeeze(x, 0), [SymbolicTensor((1, 3), "float32")])
    copied.steps[0].operation = SimpleNamespace(name="squeeze", kernel=lambda x, **attrs: x[0].copy())
    with pytest.raises(NotCapturable, match="squeeze copies, and has no kernel that a program could run"):
        Program(copied)
    elsewhere = capture(ops.relu, [SymbolicTensor((2, 3), "float32")])
    elsewhere.steps[0].operation = SimpleNamespace(name="relu", kernel=lambda x, **attrs: x.copy())
    with pytest.raises(NotCapturable, match=r"relu of float32\(2, 3\) has no kernel that a program could run"):
        Program(elsewhere)
    elsewhere.steps[0].operation = SimpleNamespace(name="relu", kernel=lambda x: x)
    with pytest.raises(NotCapturable, match="relu: .*unexpected keyword argument 'activation'"):
        Program(elsewhere)
