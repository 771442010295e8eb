"""floatx, epsilon, the layout, a clean slate."""

import pytest

from fastcnn import backend, layers, ops
from fastcnn.gradcheck import gradcheck
from fastcnn.seam import state


def test_floatx():
    assert backend.floatx() == "float32"
    backend.set_floatx("float64")
    try:
        assert backend.floatx() == "float64" and layers.Dense(1).dtype == "float64"
    finally:
        backend.set_floatx("float32")
    assert backend.floatx() == "float32"
    with pytest.raises(ValueError, match="floatx must be 'float32' or 'float64', got 'float16'"):
        backend.set_floatx("float16")


def test_floatx_after_gradcheck():
    vars(state).pop("precise", None)
    assert gradcheck(ops.square, [[1.0, 2.0]])
    assert "precise" not in vars(state)
    state.precise = False
    backend.set_floatx("float64")
    try:
        assert layers.Dense(1).dtype == "float64"
        assert gradcheck(ops.square, [[1.0, 2.0]])
        assert backend.floatx() == "float64"
    finally:
        backend.set_floatx("float32")


def test_epsilon():
    assert backend.epsilon() == 1e-7
    backend.set_epsilon(1e-5)
    assert backend.epsilon() == 1e-5
    backend.set_epsilon(1e-7)


def test_the_layout():
    assert backend.image_data_format() == "channels_last"
    backend.set_image_data_format("channels_last")
    with pytest.raises(NotImplementedError, match="the default data_format is 'channels_last', got 'channels_first'"):
        backend.set_image_data_format("channels_first")


def test_clear_session_forgets_names():
    backend.clear_session()
    first = layers.Dense(1).name
    layers.Dense(1)
    backend.clear_session()
    assert layers.Dense(1).name == first == "dense"
