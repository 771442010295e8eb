"""The tape: what it records, what it keeps, what it gives, what it refuses."""

import threading

import numpy as np
import pytest

from fastcnn import GradientTape, ops
from fastcnn.autograd import stop_gradient
from fastcnn.seam import state
from fastcnn.tensor import SymbolicTensor, Tensor, Variable


def tensor(*values):
    return Tensor(np.array(values, np.float32))


def test_variables_are_followed_by_themselves_and_tensors_when_watched():
    v, x = Variable(3.0), Tensor(np.float32(2.0).reshape(()))
    with GradientTape() as tape:
        y = v * x
    assert tape.gradient(y, [v, x])[1] is None
    with GradientTape() as tape:
        tape.watch(x)
        y = v * x
    assert [float(g) for g in tape.gradient(y, [v, x])] == [2, 3]
    with GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    assert tape.gradient(y, v) is None
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([v])
        y = v * v
    assert float(tape.gradient(y, v)) == 6


def test_frozen_variables_are_not_followed():
    frozen, v = Variable(3.0, trainable=False), Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y, constant = frozen * v, frozen * frozen
    assert tape.gradient(y, frozen) is None and float(tape.gradient(y, v)) == 3
    assert len(tape._records) == 1 and not tape.follows(constant)
    assert tape.watched_variables() == [v] and not tape.follows(frozen)
    v.trainable = False
    with GradientTape() as tape:
        y = v * v
    assert tape.gradient(y, v) is None
    with GradientTape() as tape:
        tape.watch(frozen)
        y = frozen * frozen
    assert float(tape.gradient(y, frozen)) == 6


def test_watched_variables():
    a, b, unused = Variable(1.0), Variable(2.0), Variable(3.0)
    with GradientTape() as tape:
        a * b + a
        tape.watch(unused)
    assert [id(v) for v in tape.watched_variables()] == [id(a), id(b)]


def test_once_or_persistently():
    v = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = v * v
        z = y * v
    assert [float(tape.gradient(t, v)) for t in (y, z, y)] == [6, 27, 6]
    with GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    with pytest.raises(RuntimeError, match=r"gradient was called already; .* GradientTape\(persistent=True\)"):
        tape.gradient(y, v)


def test_second_derivatives_by_tapes_in_tapes():
    v = Variable([2.0, 3.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = v * v * v
        first = inner.gradient(y, v)
    assert outer.gradient(first, v).numpy().tolist() == [12.0, 18.0]
    assert first.numpy().tolist() == [12.0, 27.0]


def test_second_derivatives_by_one_persistent_tape():
    v = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = v * v * v
        first = tape.gradient(y, v)
    assert float(tape.gradient(first, v)) == 12


def test_mixed_derivatives_of_what_one_tape_does_not_record():
    v = Variable(2.0)
    with GradientTape() as outer:
        y = v * v
        with GradientTape() as inner:
            z = y * v
        assert inner.gradient(z, y) is None  # y was there before
    assert float(outer.gradient(z, v)) == 12


def test_reset_forgets():
    v = Variable(3.0)
    with GradientTape() as tape:
        y = v * v
        tape.reset()
        z = v * 5.0
    assert tape.gradient(y, v) is None
    with GradientTape() as tape:
        y = v * v
        tape.reset()
        z = v * 5.0
    assert float(tape.gradient(z, v)) == 5


def test_reset_forgets_what_was_watched():
    x = tensor(1.0)
    with GradientTape() as tape:
        tape.watch(x)
        tape.reset()
        y = x * x
    assert tape.gradient(y, x) is None


def test_stop_recording():
    v = Variable(3.0)
    with GradientTape(persistent=True) as outer, GradientTape() as tape:
        with tape.stop_recording():
            assert not any(t is tape for t in state.tapes) and state.tapes == (outer,)
            y = v * v
        assert state.tapes == (outer, tape)
        z = v + y
    assert float(tape.gradient(z, v)) == 1
    assert float(outer.gradient(z, v)) == 7
    with pytest.raises(KeyError), tape.stop_recording():
        raise KeyError


def test_the_tape_ends_with_its_block():
    v = Variable(3.0)
    with pytest.raises(KeyError), GradientTape():
        raise KeyError
    assert state.tapes == ()
    with GradientTape() as tape, pytest.raises(ValueError, match="this GradientTape is recording already"):
        tape.__enter__()
    with GradientTape() as tape:
        y = v * v
    z = y * v  # not recorded
    assert tape.gradient(z, v) is None
    with GradientTape() as tape:
        y = v * v
    with tape:
        z = y * y
    assert float(tape.gradient(z, v)) == 108


def test_unconnected_gradients():
    v, other = Variable([1.0, 2.0]), Variable([[3.0]])
    with GradientTape(persistent=True) as tape:
        y = v * v
    assert tape.gradient(y, other) is None
    zero = tape.gradient(y, other, unconnected_gradients="zero")
    assert zero.shape == (1, 1) and zero.item() == 0
    found = tape.gradient(y, [v, other], unconnected_gradients="zero")
    assert found[0].numpy().tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match="unconnected_gradients must be 'none' or 'zero', got 'zeros'"):
        tape.gradient(y, v, unconnected_gradients="zeros")


def test_output_gradients():
    v = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y, z = v * v, v * 3.0
    assert tape.gradient(y, v, [10.0, 1.0]).numpy().tolist() == [20.0, 4.0]
    assert tape.gradient([y, z], v).numpy().tolist() == [5.0, 7.0]
    assert tape.gradient([y, z], v, [tensor(1.0, 0.0), None]).numpy().tolist() == [5.0, 3.0]
    assert tape.gradient([y], v, [tensor(1.0, 0.0)]).numpy().tolist() == [2.0, 0.0]
    assert tape.gradient(y, v, np.array([1, 0])).numpy().tolist() == [2.0, 0.0]
    with pytest.raises(ValueError, match=r"output_gradients: expected shape \(2,\), got \(3,\)"):
        tape.gradient(y, v, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="output_gradients: expected 2, one a target, got 1"):
        tape.gradient([y, z], v, [tensor(1.0, 0.0)])


def test_forms_of_sources():
    a, b = Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = a * b
    assert float(tape.gradient(y, a)) == 3
    assert [float(g) for g in tape.gradient(y, [a, b, a])] == [3, 2, 3]
    assert [float(g) for g in tape.gradient(y, (a, b))] == [3, 2]
    named = tape.gradient(y, {"one": a, "two": b})
    assert list(named) == ["one", "two"] and float(named["two"]) == 2
    assert tape.gradient(y, []) == []


def test_nests_of_sources_and_targets():
    a, b, x = Variable(2.0), Variable(3.0), {"p": tensor(5.0), "q": [tensor(7.0)]}
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = a * b, a * x["p"] * x["q"][0]
    found = tape.gradient({"y": y, "rest": [z]}, {"b": b, "inner": [(a,), []]})
    assert float(found["b"]) == 2 and list(found) == ["b", "inner"]
    assert isinstance(found["inner"][0], tuple) and float(found["inner"][0][0]) == 38 and found["inner"][1] == []
    found = tape.gradient(z, x)
    assert float(found["p"]) == 14 and float(found["q"][0]) == 10
    seeds = {"rest": [tensor(10.0)], "y": 100.0}
    assert float(tape.gradient({"y": y, "rest": [z]}, a, seeds)) == 650
    assert float(tape.gradient({"y": y, "rest": (z, y)}, a, {"y": None, "rest": [tensor(1.0), 2.0]})) == 44
    with pytest.raises(ValueError, match=r"output_gradients: expected a dict with the keys of target, \['y'\]"):
        tape.gradient({"y": y}, a, {"z": 1.0})
    with pytest.raises(TypeError, match="gradient takes tensors and variables, got str"):
        tape.gradient(y, {"a": [a, "b"]})


def test_integers_have_no_gradients():
    whole = Tensor(np.array([1, 2]))
    with GradientTape() as tape:
        with pytest.warns(UserWarning, match="watch: a tensor of dtype int64 has no gradient; cast it to float32"):
            tape.watch(whole)
        y = whole * whole
    assert tape.gradient(y, whole) is None


def test_targets_that_are_sources_or_in_between():
    v = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = v * v
        z = y * 2.0
    assert float(tape.gradient(v, v)) == 1
    assert float(tape.gradient(y, y)) == 1
    assert float(tape.gradient(z, y)) == 2
    assert [float(g) for g in tape.gradient(z, [y, v])] == [2, 12]
    assert float(tape.gradient([z, y], v)) == 18
    assert [float(g) for g in tape.gradient([z, y], [y, v])] == [3, 18]
    assert float(tape.gradient([y, y], v)) == 12


def test_several_results_of_one_primitive():
    x = tensor(1.0, 2.0, 3.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        first, second, third = ops.split(x * x, 3)
        y = first * 1.0 + third * 10.0
    assert tape.gradient(y, x).numpy().tolist() == [2.0, 0.0, 60.0]
    assert tape.gradient(second, x).numpy().tolist() == [0.0, 4.0, 0.0]
    assert [None if g is None else float(g) for g in tape.gradient(y, [first, second, third])] == [1, None, 10]


def test_gradients_of_what_is_used_often_add_up():
    v = Variable(2.0)
    with GradientTape() as tape:
        y = v
        for _ in range(10):
            y = y + v
    assert float(tape.gradient(y, v)) == 11


def test_a_follower_refuses_numpy():
    v, x = Variable([1.0, 4.0]), tensor(1.0, 4.0)
    with GradientTape() as tape:
        y = v * 2.0
        for followed in (v, y):
            with pytest.raises(TypeError, match="NumPy cannot work on a tensor that a GradientTape follows"):
                np.asarray(followed)
            with pytest.raises(TypeError, match="NumPy cannot work on a tensor"):
                np.mean(followed)
        assert np.asarray(x).tolist() == [1.0, 4.0]
        assert y.numpy().tolist() == [2.0, 8.0]
        assert float(y[0]) == 2  # a single number may be looked at
    assert np.asarray(v).tolist() == [1.0, 4.0]
    with pytest.raises(TypeError, match="gradient takes tensors and variables, got ndarray"):
        tape.gradient(y.numpy(), v)


UFUNCS = {"add": 2, "subtract": 2, "multiply": 2, "divide": 2, "power": 2, "maximum": 2, "minimum": 2, "matmul": 2}
UFUNCS |= dict.fromkeys(
    [
        "negative",
        "square",
        "sqrt",
        "exp",
        "log",
        "tanh",
        "sign",
        "floor",
        "ceil",
        "absolute",
        "rint",
        "expm1",
        "log1p",
        "reciprocal",
        "isnan",
        "isfinite",
        "logical_not",
    ],
    1,
)
UFUNCS |= dict.fromkeys(
    ["logical_and", "logical_or", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal"], 2
)


@pytest.mark.parametrize("name", UFUNCS)
def test_numpy_functions_become_operations(name):
    values = np.array([1.5, 2.0], np.float32)
    v = Variable(values)
    arguments = (v, values)[: UFUNCS[name]]
    with GradientTape():
        y = getattr(np, name)(*arguments)
    assert isinstance(y, Tensor)
    np.testing.assert_allclose(y.numpy(), getattr(np, name)(*[values] * UFUNCS[name]), rtol=1e-6)


def test_an_array_before_a_tensor():
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = np.array([3.0, 4.0]) * v + np.float32(1.0)
    assert isinstance(y, Tensor) and tape.gradient(y, v).numpy().tolist() == [3.0, 4.0]


def test_other_numpy_functions_are_refused():
    v = Variable([1.0, 2.0])
    with pytest.raises(TypeError, match=r"np.arctan does not know tensors; use fastcnn.ops, or tensor.numpy\(\)"):
        np.arctan(v)
    with pytest.raises(TypeError, match="np.add does not know tensors"):
        np.add.reduce(v)
    with pytest.raises(TypeError, match="np.add does not know tensors"):
        np.add(v, v, out=np.zeros(2, np.float32))


def test_a_target_without_gradient():
    v = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = ops.argmax(v)
    with pytest.raises(
        ValueError, match=r"argmax has no gradient, .* fastcnn.ops.stop_gradient says that none is wanted"
    ):
        tape.gradient(y, v)
    with GradientTape() as tape:
        y = ops.sum(v) * stop_gradient(ops.cast(ops.argmax(v), "float32"))
    assert tape.gradient(y, v).numpy().tolist() == [1.0, 1.0]


@pytest.mark.parametrize("assign", ["assign", "assign_add", "assign_sub"])
def test_an_assignment_before_the_gradient(assign):
    v, w = Variable(3.0), Variable(1.0)
    message = "a variable that multiply read was assigned to before its gradient was computed; call gradient first"
    with GradientTape() as tape:
        y = v * v
    getattr(v, assign)(1.0)
    with pytest.raises(RuntimeError, match=message):
        tape.gradient(y, v)
    frozen = Variable(3.0, trainable=False)
    with GradientTape() as tape:
        tape.watch(frozen)
        y = frozen * frozen
    frozen.assign(1.0)
    with pytest.raises(RuntimeError, match=message):
        tape.gradient(y, frozen)
    with GradientTape() as tape:
        y = v * v
    w.assign(2.0)
    assert tape.gradient(y, v) is not None
    with GradientTape() as tape:
        v.assign(5.0)
        y = v * v
    assert float(tape.gradient(y, v)) == 10


def test_a_constant_factor_assigned_before_the_gradient():
    v, frozen = Variable(3.0), Variable(2.0, trainable=False)
    with GradientTape() as tape:
        y = v * frozen
    frozen.assign(7.0)
    with pytest.raises(RuntimeError, match="a variable that multiply read was assigned to"):
        tape.gradient(y, v)


def test_wrong_types():
    with GradientTape() as tape:
        with pytest.raises(TypeError, match="watch takes tensors, got float; convert_to_tensor makes one"):
            tape.watch([[1.0]])
        y = Variable(1.0) * 2.0
    with pytest.raises(TypeError, match="gradient takes tensors and variables, got float"):
        tape.gradient(y, 1.0)


def test_symbols_are_recorded_too():
    x = SymbolicTensor((None, 4))
    w = Variable(np.ones((4, 2)))
    with GradientTape() as tape:
        y = ops.sum(ops.relu(ops.dense(x, w)))
    g = tape.gradient(y, w)
    assert isinstance(g, SymbolicTensor) and g.shape == (4, 2)


def test_threads_have_tapes_of_their_own():
    v, found, barrier = Variable(2.0), {}, threading.Barrier(2)

    def run(factor):
        with GradientTape() as tape:
            y = v * factor
            barrier.wait()
            y = y * v
            barrier.wait()
            found[factor] = len(tape._records), float(tape.gradient(y, v))

    threads = [threading.Thread(target=run, args=(factor,)) for factor in (3.0, 5.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {3.0: (2, 12.0), 5.0: (2, 20.0)}
    assert state.tapes == ()


def test_the_gradient_of_the_input_is_not_computed_unasked(monkeypatch):
    from fastcnn.ops.conv import CONV_DW, CONV_DX

    counts = {"dx": 0, "dw": 0}

    def counted(primitive, name):
        kernel = primitive.kernel

        def run(*arrays, **attrs):
            counts[name] += 1
            return kernel(*arrays, **attrs)

        monkeypatch.setattr(primitive, "kernel", run)

    counted(CONV_DX, "dx")
    counted(CONV_DW, "dw")
    x = np.ones((1, 8, 8, 1), np.float32)
    first, second = Variable(np.ones((3, 3, 1, 2))), Variable(np.ones((3, 3, 2, 2)))
    with GradientTape() as tape:
        y = ops.conv(ops.conv(x, first), second)
    assert all(g is not None for g in tape.gradient(y, [first, second]))
    assert counts == {"dx": 1, "dw": 2}


def test_memory_is_given_back():
    import gc
    import weakref

    v = Variable(np.ones(10))
    with GradientTape() as tape:
        middle = v * v
        y = ops.sum(middle)
    seen = weakref.ref(middle)
    del middle
    tape.gradient(y, v)
    gc.collect()
    assert seen() is None
