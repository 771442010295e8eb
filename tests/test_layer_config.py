"""A layer's name, type, arguments and config."""

import numpy as np
import pytest
from own_layers import Block, Scale, X

from fastcnn import backend, layers
from fastcnn.layers import Layer


def test_names_count_up():
    backend.clear_session()
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.Conv2D(1, 1).name, Scale().name] == [
        "dense", "dense_1", "conv2d", "scale",
    ]  # fmt: skip
    assert layers.Dense(1, name="mine").name == "mine" and layers.Dense(1).name == "dense_2"
    with pytest.raises(ValueError, match="name must be a string without '/', got 'a/b'"):
        layers.Dense(1, name="a/b")
    with pytest.raises(ValueError, match="name must be a string without '/', got 3"):
        layers.Dense(1, name=3)


def test_a_plain_subclass_describes_itself():
    class Plain(Layer):
        def __init__(self, units, rate=0.5, **kwargs):
            super().__init__(**kwargs)
            self.units, self.rate = units, rate

        def call(self, x):
            return x

    config = Plain(3, name="p", trainable=False).get_config()
    assert config == {"name": "p", "trainable": False, "dtype": "float32", "units": 3}
    again = Plain.from_config(config)
    assert again.units == 3 and again.name == "p" and not again.trainable

    class Short(Layer):
        def __init__(self, units):
            super().__init__(name="short")
            self.units = units

        def call(self, x):
            return x

    again = Short.from_config({**Short(4).get_config(), "trainable": False})
    assert again.units == 4 and again.name == "short" and not again.trainable

    class Holds(Layer):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def call(self, x):
            return self.inner(x)

    with pytest.raises(
        NotImplementedError, match="Holds must define get_config: its argument 'inner' is no plain value"
    ):
        Holds(layers.Dense(1)).get_config()

    class Free(Layer):
        def __init__(self, *sizes):
            super().__init__()

    with pytest.raises(NotImplementedError, match="Free must define get_config: it takes any number of arguments"):
        Free(1, 2).get_config()


def test_a_config_that_does_not_fit():
    with pytest.raises(ValueError, match="Block got an unknown argument 'width'") as caught:
        Block.from_config({"units": 3, "width": 3})
    assert "its __init__ and get_config must agree" in caught.value.__notes__[0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "mixed_float16", "int32", np.float64])
def test_other_types_are_refused(dtype):
    with pytest.raises(NotImplementedError, match="dtype must be 'float32', got .*; leave dtype out"):
        layers.Dense(2, dtype=dtype)


@pytest.mark.parametrize(
    "dtype",
    [None, "float32", np.float32, np.dtype("float32"), {"class_name": "DTypePolicy", "config": {"name": "float32"}}],
)
def test_float32_by_any_name(dtype):
    layer = layers.Dense(2, dtype=dtype)
    assert layer.dtype == layer.compute_dtype == layer.variable_dtype == "float32"


def test_wrong_arguments():
    with pytest.raises(ValueError, match="Scale got an unknown argument 'unit'"):
        Scale(unit=3)
    with pytest.raises(ValueError, match="Conv2D got an unknown argument 'activaton'. Did you mean 'activation'?"):
        layers.Conv2D(3, 3, activaton="relu")
    with pytest.raises(ValueError, match="Conv2D got an unknown argument 'trainabel'. Did you mean 'trainable'?"):
        layers.Conv2D(3, 3, trainabel=False)
    with pytest.raises(ValueError, match="a weight needs a shape of known sizes, got .None, 3."):
        Scale().add_weight(shape=(None, 3))
    with pytest.raises(NotImplementedError, match="overwrite_with_gradient is not supported"):
        Scale().add_weight(shape=(3,), overwrite_with_gradient=True)
    with pytest.raises(NotImplementedError, match="Layer has no call method"):
        Layer()(X)

    class Early(Layer):
        def __init__(self):
            self.inner = layers.Dense(1)
            super().__init__()

    with pytest.raises(RuntimeError, match="must call super.*before it sets 'inner'"):
        Early()

    class Nothing(Layer):
        def call(self, x):
            return None

    with pytest.raises(ValueError, match="call returned no tensor, but None"):
        Nothing()(layers.Input((3,)))


def test_repr():
    assert repr(Scale(name="s")) == "<Scale name=s, built=False>"
