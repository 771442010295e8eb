"""floatx, epsilon, the layout, a clean slate."""

import numpy as np
import pytest

from fastcnn import _core, backend, kernels, layers, models, ops
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


def test_clear_session_frees_what_nobody_uses():
    def leave_blocks():
        kernels.add(np.ones(1 << 20, np.float32), 1.0)

    leave_blocks()
    backend.clear_session(free_memory=False)
    assert _core.cached_bytes() > 1 << 20
    backend.clear_session()
    assert _core.cached_bytes() == 0


def test_clear_session_forgets_names():
    backend.clear_session()
    first = layers.Dense(1).name
    layers.Dense(1)
    backend.clear_session()
    assert layers.Dense(1).name == first == "dense"


def test_a_loss_of_older_programs():
    K = backend
    smooth = 1.0

    def dice(y_true, y_pred):
        t, p = K.flatten(y_true), K.flatten(K.cast(y_pred, "float32"))
        return 1.0 - (2.0 * K.sum(t * p) + smooth) / (K.sum(t) + K.sum(p) + smooth)

    t, p = np.float32([[1, 0], [1, 1]]), np.float32([[0.5, 0.25], [1, 0]])
    assert float(dice(ops.convert_to_tensor(t), p)) == pytest.approx(1 - (2 * 1.5 + 1) / (3 + 1.75 + 1))
    model = models.Sequential([layers.Input((2,)), layers.Dense(2, activation="sigmoid")])
    model.compile("sgd", dice)
    assert len(model.fit(p, t, epochs=2, verbose=0).history["loss"]) == 2
    assert "eagerly" not in str(model.explain_plan())


def test_names_of_older_programs():
    K, x = backend, np.float32([[3, -4], [0, 2]])
    for got, want in (
        (K.argmax(x), [0, 1]), (K.argmin(x), [1, 0]), (K.sqrt(x), np.sqrt(np.maximum(x, 0))), (K.pow(x, 2), x**2),
        (K.concatenate([x, x]), np.hstack([x, x])),
        (K.batch_flatten(np.ones((2, 3, 4))), np.ones((2, 12))), (K.expand_dims(x), x[..., None]), (K.gather(x, [1]), x[1:]),
        (K.l2_normalize(x, 1), x / np.linalg.norm(x, axis=1, keepdims=True)), (K.permute_dimensions(x, (1, 0)), x.T),
        (K.switch(x > 0, x, 0.0 * x), np.maximum(x, 0)), (K.get_value(K.constant([1, 2])), [1, 2]), (K.cast_to_floatx([1]), [1]),
        (K.mean(K.square(x), axis=-1), (x**2).mean(-1)), (K.clip(x, K.epsilon(), 1 - K.epsilon()), np.clip(x, 1e-7, 1)),
    ):  # fmt: skip
        np.testing.assert_allclose(np.asarray(got), want, rtol=1e-6)
    v = K.variable(x)
    K.set_value(v, x + 1)
    np.testing.assert_array_equal(K.eval(v), x + 1)
    assert (K.int_shape(layers.Input((3,))), K.ndim(x)) == ((None, 3), 2)
