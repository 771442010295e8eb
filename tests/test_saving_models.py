"""Whole models and their weights through every format and back, and what is said where they do not fit."""

import json
import struct
import zlib

import numpy as np
import pytest
from saved_models import MODELS, cnn, randomized, same

from fastcnn import layers, models, saving
from fastcnn.saving import FileFormatError, load_model, read_safetensors, restore, save_model
from fastcnn.saving.variables import assign_all, named_weights

WEIGHTS = [".fastcnn", ".weights.h5", ".safetensors", ".npz"]


@pytest.fixture(autouse=True)
def _h5py():
    pytest.importorskip("h5py")


def two_inputs():
    a, b = layers.Input((6,), name="a"), layers.Input((6,), name="b")
    shared = layers.Dense(4, name="shared")
    y = layers.Add()([shared(a), shared(b)])
    y = layers.Concatenate()([y, layers.Dense(3)(b)])
    return models.Model({"a": a, "b": b}, [layers.Dense(2, name="first")(y), layers.Dense(1, name="second")(y)])


def nested():
    inner = models.Sequential([layers.Input((6,)), layers.Dense(6), layers.BatchNormalization()], name="inner")
    x = layers.Input((6,))
    return models.Model(x, layers.Dense(2)(layers.Add()([x, inner(x)])))


BUILDERS = {"cnn": cnn, "two inputs": two_inputs, "nested": nested}


def data(model):
    rng = np.random.default_rng(1)
    x = [rng.random((2, *t.shape[1:]), np.float32) for t in model.inputs]
    return x if len(x) > 1 else x[0]


def outputs(model):
    y = model(data(model))
    return [np.array(v.numpy()) for v in (y if isinstance(y, list) else [y])]


@pytest.mark.parametrize("suffix", MODELS)
@pytest.mark.parametrize("builder", BUILDERS)
def test_models(tmp_path, builder, suffix):
    model = randomized(BUILDERS[builder]())
    model.save(tmp_path / f"m{suffix}")
    loaded = load_model(tmp_path / f"m{suffix}")
    assert type(loaded) is type(model)
    assert loaded.name == model.name
    assert [m.name for m in loaded.layers] == [m.name for m in model.layers]
    assert same(loaded.get_weights(), model.get_weights())
    assert same(outputs(loaded), outputs(model))
    assert loaded.get_config() == model.get_config()


@pytest.mark.parametrize("suffix", WEIGHTS)
@pytest.mark.parametrize("builder", BUILDERS)
def test_weights_into_a_model_with_other_names(tmp_path, builder, suffix):
    model, twin = randomized(BUILDERS[builder]()), randomized(BUILDERS[builder](), 1)
    assert not same(outputs(twin), outputs(model))
    model.save_weights(tmp_path / f"m{suffix}")
    twin.load_weights(tmp_path / f"m{suffix}")
    assert same(twin.get_weights(), model.get_weights())
    assert same(outputs(twin), outputs(model))


def test_native_is_safetensors(tmp_path):
    model = randomized(cnn())
    model.save(tmp_path / "m.fastcnn")
    tensors, metadata = read_safetensors(tmp_path / "m.fastcnn")
    assert list(tensors)[:2] == [f"weights/{model.layers[0].name}/kernel", f"weights/{model.layers[0].name}/bias"]
    assert json.loads(metadata["fastcnn"])["model"]["class_name"] == "Sequential"


def test_every_flipped_bit_is_noticed(tmp_path):
    model = models.Sequential([layers.Input((3,)), layers.Dense(4)])
    path = tmp_path / "m.fastcnn"
    model.save(path)
    good = path.read_bytes()
    rng = np.random.default_rng(0)
    for bit in rng.choice(8 * len(good), 300, replace=False):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(bytes(bad))
        try:
            loaded = load_model(path)
        except FileFormatError:
            continue
        assert same(loaded.get_weights(), model.get_weights())  # a space of the padding became another


def test_names():
    model = nested()
    inner, add, dense = model.layers[1:]
    assert add.weights == []
    names = list(named_weights(model))
    assert names == [
        f"inner/{inner.layers[0].name}/kernel", f"inner/{inner.layers[0].name}/bias",
        *[f"inner/{inner.layers[1].name}/{n}" for n in ("gamma", "beta", "moving_mean", "moving_variance")],
        f"{dense.name}/kernel", f"{dense.name}/bias",
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", [*WEIGHTS, ".keras"])
def test_another_shape_changes_nothing(tmp_path, suffix):
    def build(units):
        return randomized(
            models.Sequential([layers.Input((3,)), layers.Dense(4, name="one"), layers.Dense(units, name="two")]), units
        )

    build(5).save_weights(path) if suffix != ".keras" and (path := tmp_path / f"m{suffix}") else build(5).save(
        path := tmp_path / f"m{suffix}"
    )
    model = build(6)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"two/kernel.* has shape \(4, 6\), the file has \(4, 5\)"):
        model.load_weights(path)
    assert same(model.get_weights(), before)
    with pytest.warns(
        UserWarning, match=r"2 of 4 weights stay as they are.*: [\w/]*two/kernel, [\w/]*two/bias$"
    ) as caught:
        model.load_weights(path, skip_mismatch=True)
    assert caught[0].filename == __file__
    after = model.get_weights()
    assert same(after[:2], build(5).get_weights()[:2])
    assert same(after[2:], before[2:])


@pytest.mark.parametrize("suffix", WEIGHTS)
def test_missing_and_unexpected_layers(tmp_path, suffix):
    def build(*names):
        return models.Sequential([layers.Input((3,)), *[layers.Dense(3, name=n) for n in names]])

    build("one", "two").save_weights(tmp_path / f"m{suffix}")
    with pytest.raises(ValueError, match="Missing in the file: .*three/kernel"):
        build("one", "two", "three").load_weights(tmp_path / f"m{suffix}")
    with pytest.raises(ValueError, match="Not in the model: .*(two|dense_1)"):
        build("one").load_weights(tmp_path / f"m{suffix}")


def test_numbered_arrays_go_by_order(tmp_path):
    model = cnn()
    weights = randomized(cnn()).get_weights()
    np.savez(tmp_path / "m.npz", *weights)
    model.load_weights(tmp_path / "m.npz")
    assert same(model.get_weights(), weights)


def test_a_model_without_weights(tmp_path):
    model = models.Sequential([layers.Dense(3)], name="raw")
    with pytest.raises(
        ValueError, match=r"'raw' has no weights yet, so it cannot be saved: .*model.build\(input_shape\)"
    ):
        model.save(tmp_path / "m.fastcnn")
    cnn().save_weights(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="cannot be given weights"):
        model.load_weights(tmp_path / "m.npz")


def test_paths(tmp_path):
    model = cnn()
    with pytest.raises(ValueError, match=r"must end in \.fastcnn or \.keras, got '.*m\.h5'"):
        model.save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"must end in \.weights\.h5, \.safetensors, \.npz or \.fastcnn, got"):
        model.save_weights(tmp_path / "m.h5")
    with pytest.raises(ValueError, match=r"for a model must end in .*, got '.*m\.npz'"):
        load_model(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="holds weights only"):
        load_model(tmp_path / "m.weights.h5")
    with pytest.raises(FileNotFoundError, match=r"no file .*absent\.keras"):
        load_model(tmp_path / "absent.keras")
    with pytest.raises(ValueError, match=r"must end in \.fastcnn, got"):
        restore(model, tmp_path / "m.keras")
    model.save(tmp_path / "m.fastcnn")
    with pytest.raises(FileExistsError, match="overwrite is False"):
        model.save(tmp_path / "m.fastcnn", overwrite=False)
    with pytest.raises(FileExistsError, match="overwrite is False"):
        model.save_weights(tmp_path / "m.fastcnn", overwrite=False)


def test_unsupported_arguments(tmp_path):
    model = cnn()
    with pytest.raises(NotImplementedError, match="zipped=False"):
        model.save(tmp_path / "m.keras", zipped=False)
    with pytest.raises(ValueError, match="training_state is kept in .fastcnn files only"):
        save_model(model, tmp_path / "m.keras", training_state={})
    with pytest.raises(NotImplementedError, match="safe_mode=False"):
        load_model(tmp_path / "m.keras", safe_mode=False)
    model.save(tmp_path / "m.fastcnn")
    with pytest.raises(TypeError, match="unknown argument 'colour'"):
        model.load_weights(tmp_path / "m.fastcnn", colour=1)
    with pytest.raises(ValueError, match="by_name is for Keras 2's"):
        model.load_weights(tmp_path / "m.fastcnn", by_name=True)
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match="in the layout of Keras 3"):
        model.load_weights(tmp_path / "m.weights.h5", by_name=True)


def rewrite(path, change, key="fastcnn"):
    """Changes the description in a .fastcnn file, with the right checksums."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    document = json.loads(header["__metadata__"]["fastcnn"])
    change(document)
    text = json.dumps(document)
    header["__metadata__"] = {"fastcnn": text, "crc32": f"{zlib.crc32(text.encode()):08x}"}
    header = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])


def bomb(document):
    document["model"]["config"]["layers"][1]["config"]["units"] = 10**10


def newer(document):
    document["format"] = 99


def no_format(document):
    document["format"] = "one"


def no_model(document):
    document["model"] = 3


def an_initializer(document):
    document["model"] = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}


def code(document):
    document["model"]["config"]["layers"][1] = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": "x"},
    }


def a_module(document):
    document["model"]["config"]["layers"][1] = {
        "module": "os",
        "class_name": "system",
        "config": {"command": "true"},
        "registered_name": None,
    }


def a_function(document):
    document["model"] = {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}


def wrong_argument(document):
    document["model"]["config"]["layers"][1]["config"]["colour"] = "red"


def lost_layers(document):
    del document["model"]["config"]["layers"]


def other_tensors(document):
    document["crc32"]["x"] = 1


def no_training(document):
    del document["training"]


def constants_only(document):
    x = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 3], "dtype": "float32", "keras_history": ["x", 0, 0]},
    }
    constant = {"class_name": "__constant__", "config": {"dtype": "float32", "value": [[1.0]]}}
    dense, source = document["model"]["config"]["layers"][1], document["model"]["config"]["layers"][0]
    calls = [{"args": [argument], "kwargs": {}} for argument in (x, constant)]
    name = dense["config"]["name"]
    document["model"] = {
        "module": "keras.src.models.functional", "class_name": "Functional", "registered_name": None,
        "config": {"name": "m", "input_layers": ["x", 0, 0], "output_layers": [name, 0, 0], "layers": [
            {**source, "config": {**source["config"], "name": "x"}, "name": "x", "inbound_nodes": []},
            {**dense, "name": name, "inbound_nodes": calls},
        ]},
    }  # fmt: skip


BAD = [
    (bomb, "exhaust memory"), (newer, "format 99 is newer"), (no_format, "has no format number"), (no_model, "must be a dict with a class_name"),
    (an_initializer, "describes a Zeros, not a model"), (code, "Lambda, which is code in a file"),
    (a_module, "names 'system', which fastcnn does not know"), (a_function, "names 'eval'"), (wrong_argument, "'colour'"),
    (constants_only, "call on constants only"), (lost_layers, "does not describe a model"), (other_tensors, "does not fit the tensors"), (no_training, "does not fit the tensors"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), BAD, ids=[change.__name__ for change, _ in BAD])
def test_bad_descriptions(tmp_path, change, message):
    path = tmp_path / "m.fastcnn"
    models.Sequential([layers.Input((3,)), layers.Dense(4)]).save(path)
    rewrite(path, change)
    with pytest.raises(ValueError, match=message):
        load_model(path)


@pytest.mark.parametrize(
    ("at", "message"),
    [(lambda data: data.index(b"units"), "checksum of the description is wrong"), (lambda data: len(data) - 1, "checksum of tensor '.*' is wrong")],
    ids=["description", "tensor"],
)  # fmt: skip
def test_a_byte_that_was_changed(tmp_path, at, message):
    path = tmp_path / "m.fastcnn"
    models.Sequential([layers.Input((3,)), layers.Dense(4)]).save(path)
    data = bytearray(path.read_bytes())
    data[at(data)] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        load_model(path)


def test_a_training_state_whose_array_is_lost(tmp_path):
    path = tmp_path / "m.fastcnn"
    model = models.Sequential([layers.Input((3,)), layers.Dense(4)])
    save_model(model, path, training_state={"w": np.arange(3)})

    def lose(document):
        document["training"]["w"]["__array__"] = "training/9"

    rewrite(path, lose)
    with pytest.raises(FileFormatError, match="names the tensor 'training/9', which is not there"):
        restore(model, path)


def test_only_numbers_are_assigned():
    v = models.Sequential([layers.Input((3,)), layers.Dense(4, name="d")]).weights[0]
    with pytest.raises(TypeError, match="kernel: expected numbers, got dtype <U1"):
        assign_all([(v, np.array(["a"]))])


def test_unknown_classes(tmp_path):
    class Twice(layers.Layer):
        def call(self, x):
            return x * 2

    path = tmp_path / "m.fastcnn"
    models.Sequential([layers.Input((3,)), Twice(name="twice")]).save(path)
    with pytest.raises(ValueError, match="names 'Twice', which fastcnn does not know.*custom_objects={'Twice': Twice}"):
        load_model(path)
    assert type(load_model(path, custom_objects={"Twice": Twice}).layers[0]) is Twice


def test_plain_safetensors_are_no_model(tmp_path):
    saving.write_safetensors(tmp_path / "m.fastcnn", {"x": np.zeros(3)})
    with pytest.raises(FileFormatError, match="not one that fastcnn wrote"):
        load_model(tmp_path / "m.fastcnn")


def test_subclassed_models(tmp_path):
    class Net(models.Model):
        def __init__(self):
            super().__init__()
            self.zed = layers.Dense(2)
            self.blocks = [layers.Dense(3), layers.Dense(3)]
            self.att = layers.Dense(3)

        def call(self, x):
            x = self.att(x)
            for block in self.blocks:
                x = block(x)
            return self.zed(x)

    def build(seed):
        net = Net()
        net(np.zeros((1, 4), np.float32))
        return randomized(net, seed)

    for suffix in WEIGHTS[1:]:
        build(0).save_weights(tmp_path / f"m{suffix}")
        other = build(1)
        other.load_weights(tmp_path / f"m{suffix}")
        assert same(other.get_weights(), build(0).get_weights())
    from fastcnn.saving.keras_h5 import places

    assert {path for path, _ in places(build(0))} == {"", "att", "blocks/dense", "blocks/dense_1", "layers/dense"}


def test_a_layer_that_loads_itself_and_fails(tmp_path):
    class Odd(layers.Dense):
        def load_own_variables(self, store):
            super().load_own_variables(store)
            raise ValueError("on purpose")

    def build(cls):
        return randomized(
            models.Sequential([layers.Input((3,)), layers.Dense(3, name="a"), cls(2, name="b")]), cls is Odd
        )

    build(layers.Dense).save_weights(tmp_path / "dense.weights.h5")
    model = build(Odd)
    model.layers[1].__class__.__name__ = "Dense"  # its group is called after its class
    before = model.get_weights()
    with pytest.raises(ValueError, match="on purpose"):
        model.load_weights(tmp_path / "dense.weights.h5")
    assert same(model.get_weights(), before)


def test_layers_are_placed_as_in_keras():
    """Groups go by class and order, so a layer more of another class changes nothing."""
    from fastcnn.saving.keras_h5 import places

    model = models.Sequential([layers.Input((4,)), layers.Dense(3), layers.ReLU(), layers.Dense(2), layers.LeakyReLU()])
    assert [path for path, _ in places(model)] == [
        "",
        "layers/dense",
        "layers/re_lu",
        "layers/dense_1",
        "layers/leaky_re_lu",
    ]
