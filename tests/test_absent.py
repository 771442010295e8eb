"""What is said of Keras's names that are left out, and of names with a slip of the pen."""

import pytest

import fastcnn
from fastcnn import datasets, layers, losses, ops, optimizers, saving

DECIDED = [
    (layers, "LSTM", "recurrent layers"),
    (layers, "ConvLSTM2D", "recurrent layers"),
    (layers, "GRUCell", "recurrent layers"),
    (layers, "MultiHeadAttention", "attention"),
    (layers, "Conv3D", "3-D layers"),
    (layers, "Convolution3DTranspose", "3-D layers"),
    (layers, "TextVectorization", "text processing"),
    (layers, "MelSpectrogram", "audio processing"),
    (layers, "TFSMLayer", "layers of other frameworks"),
    (losses, "CTC", "audio processing"),
    (optimizers, "LossScaleOptimizer", "mixed precision"),
    (fastcnn, "mixed_precision", "mixed precision"),
    (fastcnn, "distribution", "training on several machines"),
    (datasets, "imdb", "text processing"),
]


@pytest.mark.parametrize(("module", "name", "what"), DECIDED)
def test_names_that_are_left_out_say_so(module, name, what):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'. fastcnn has no {what}, by decision"):
        getattr(module, name)
    assert not hasattr(module, name)


def test_an_import_says_so_too():
    with pytest.raises(ImportError, match="'fastcnn.layers' has no attribute 'LSTM'. fastcnn has no recurrent layers"):
        from fastcnn.layers import LSTM  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name 'Conv2d': .* Did you mean 'Conv2D'?"):
        from fastcnn.layers import Conv2d  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name 'Dense': .* It is in fastcnn.layers"):
        from fastcnn import Dense  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name 'keras': .* Write: import fastcnn as keras"):
        from fastcnn import keras  # noqa: F401
    from fastcnn.layers import cropping  # a module that nobody has asked for, with a name near others

    assert cropping.__name__ == "fastcnn.layers.cropping"


def test_names_of_other_modules_say_where_they_are():
    with pytest.raises(AttributeError, match="'fastcnn' has no attribute 'set_random_seed'. It is in fastcnn.utils"):
        fastcnn.set_random_seed(1)
    with pytest.raises(
        AttributeError, match="'fastcnn.layers' has no attribute 'EarlyStopping'. It is in fastcnn.callb"
    ):
        layers.EarlyStopping()


def test_so_do_names_in_strings_and_in_files():
    with pytest.raises(ValueError, match="there is no layer 'GRU'. fastcnn has no recurrent layers"):
        layers.get("GRU")
    with pytest.raises(ValueError, match="names 'LSTM', which fastcnn does not know. fastcnn has no recurrent layers"):
        saving.deserialize_keras_object({"module": "keras.layers", "class_name": "LSTM", "config": {"units": 2}})


@pytest.mark.parametrize(
    ("module", "name", "near"),
    [(layers, "Conv2d", "Conv2D"), (ops, "sofmax", "softmax"), (optimizers, "Adan", "Adam"), (losses, "Dise", "Dice")],
)
def test_near_names_are_suggested(module, name, near):
    with pytest.raises(AttributeError, match=f"no attribute '{name}'. Did you mean '{near}'"):
        getattr(module, name)


def test_no_name_that_is_there_counts_as_left_out():
    from fastcnn.registry import suggestion

    for module in (layers, losses, fastcnn.metrics, optimizers, ops, datasets, fastcnn.utils, fastcnn.callbacks):
        assert not [name for name in module.__all__ if "by decision" in suggestion(name, ())]
