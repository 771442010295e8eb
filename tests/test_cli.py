"""The command line: on tiny folders, in this process but for two runs."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL")

from pictures import encoded, folder_of_classes

import fastcnn
from fastcnn import applications, layers, models
from fastcnn.cli import folders, main, networks, notes
from fastcnn.cli.best_model import BestModel
from fastcnn.cli.errors import one_line

QUICK = ["--image-size", "8", "--batch-size", "4", "--epochs", "2"]


def run(*arguments: Any) -> int:
    return main([str(argument) for argument in arguments])


def usage_error(capsys: Any, *arguments: Any) -> str:
    with pytest.raises(SystemExit) as stopped:
        run(*arguments)
    assert stopped.value.code == 2
    return str(capsys.readouterr().err.splitlines()[-1])


def failure(capsys: Any, *arguments: Any) -> str:
    """The one line on standard error of a command that fails."""
    assert run(*arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return str(lines[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    return folder_of_classes(tmp_path_factory.mktemp("data") / "Bilder ü 图", ("cat", "hund ß"), each=6)


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("model") / "modèle.fastcnn"
    assert run("train", folder, *QUICK, "--output", path) == 0
    return path


# ---- train


def test_training_tells_what_it_does(folder: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "deep" / "model.fastcnn"
    assert run("train", folder, *QUICK, "--output", output, "--augment", "digits", "--cache") == 0
    captured = capsys.readouterr()
    assert "12 images of 2 classes, 6 of each; 10 to learn from, 2 to validate" in captured.out
    assert "images of 8x8x3, batches of 4, augmentation: digits" in captured.out
    assert "Epoch 2/2" in captured.out
    assert re.search(r"Best was epoch [12] of 2: validation accuracy \d+\.\d%", captured.out)
    assert str(output) in captured.out.splitlines()[-1]
    assert captured.err == ""
    assert [path.name for path in output.parent.iterdir()] == ["model.fastcnn"]


def test_json_is_all_of_standard_output(folder: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "m.fastcnn"
    assert run("train", folder, *QUICK, "--json", "--output", output, "--optimizer", "sgd", "--seed", 3) == 0
    captured = capsys.readouterr()
    assert "Epoch 1/2" in captured.err
    found = json.loads(captured.out)
    assert set(found) == {
        "command", "version", "model", "parameters", "input_shape", "settings", "classes", "images", "history",
        "best_epoch", "validation", "interrupted", "output", "seconds",
    }  # fmt: skip
    assert (found["command"], found["model"], found["input_shape"]) == ("train", "small", [8, 8, 3])
    assert found["classes"] == ["cat", "hund ß"]
    assert found["images"] == {"training": 10, "validation": 2}
    assert found["settings"]["learning_rate"] == 0.01
    assert found["settings"]["seed"] == 3
    wanted = {"phase", "loss", "accuracy", "val_loss", "val_accuracy"}
    assert [set(epoch) & wanted for epoch in found["history"]] == [wanted, wanted]
    losses = [epoch["val_loss"] for epoch in found["history"]]
    assert found["best_epoch"] == 1 + int(np.argmin(losses))
    assert found["validation"]["loss"] == min(losses)
    assert found["validation"]["accuracy"] == found["history"][found["best_epoch"] - 1]["val_accuracy"]
    assert set(found["validation"]["per_class"]) == {"cat", "hund ß"}
    assert not found["interrupted"]
    assert found["output"] == str(output)


def test_images_kept_in_a_file(folder: Path, trained: Path, tmp_path: Path) -> None:
    assert run("train", folder, *QUICK, "--output", tmp_path / "m.fastcnn", "--cache", tmp_path / "images.npy") == 0
    assert np.load(tmp_path / "images.npy").shape == (10, 8, 8, 3)
    assert np.load(tmp_path / "images-validation.npy").shape == (2, 8, 8, 3)
    pairs = zip(*(notes.load(path)[0].get_weights() for path in (trained, tmp_path / "m.fastcnn")), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_same_seed_same_model(folder: Path, trained: Path, tmp_path: Path) -> None:
    assert run("train", folder, *QUICK, "--output", tmp_path / "again.fastcnn") == 0
    assert run("train", folder, *QUICK, "--output", tmp_path / "other.fastcnn", "--seed", 1) == 0
    first, again, other = (
        notes.load(path)[0].get_weights() for path in (trained, tmp_path / "again.fastcnn", tmp_path / "other.fastcnn")
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_file_holds_classes_and_the_size_and_prepares_pixels_itself(trained: Path) -> None:
    model, about = notes.load(trained)
    assert about["class_names"] == ["cat", "hund ß"]
    assert about["best"]["val_loss"] > 0
    assert model.input_shape == (None, 8, 8, 3)
    loaded = models.load_model(trained)  # an ordinary model of an ordinary file
    x = np.full((1, 8, 8, 3), 255, np.float32)
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_without_validation_the_training_loss_decides(folder: Path, tmp_path: Path, capsys: Any) -> None:
    output = tmp_path / "m.fastcnn"
    assert run("train", folder, *QUICK, "--validation-split", 0, "--json", "--output", output, "--grayscale") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["validation"] is None
    assert found["images"] == {"training": 12, "validation": 0}
    assert found["input_shape"] == [8, 8, 1]
    assert found["best_epoch"] == 1 + int(np.argmin([epoch["loss"] for epoch in found["history"]]))


def test_patience_ends_training(folder: Path, tmp_path: Path, capsys: Any) -> None:
    arguments = ["--image-size", 8, "--epochs", 30, "--patience", 1, "--learning-rate", 0.5, "--json"]
    assert run("train", folder, *arguments, "--output", tmp_path / "m.fastcnn") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["history"]) == found["best_epoch"] + 1 < 30


def test_split_holds_back_the_same_part_of_each_class() -> None:
    labels = np.repeat([0, 1, 2, 3], [50, 10, 3, 1])
    train, held = folders.split(labels, 0.2, seed=0)
    assert np.bincount(labels[held], minlength=4).tolist() == [10, 2, 1, 0]
    assert sorted([*train, *held]) == list(range(64))
    assert not np.array_equal(held, folders.split(labels, 0.2, seed=1)[1])


# ---- pretrained


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: Any) -> Path:
    path = tmp_path_factory.mktemp("weights") / "squeezenet.weights.h5"
    pytest.importorskip("h5py")
    applications.SqueezeNet(include_top=False, weights=None, input_shape=(32, 32, 3)).save_weights(path)
    return path


@pytest.mark.parametrize("augment", ["none", "natural"])
def test_head_first_then_everything(folder: Path, pretrained: Path, tmp_path: Path, capsys: Any, augment: str) -> None:
    output = tmp_path / "m.fastcnn"
    arguments = ["--model", "squeezenet", "--weights", pretrained, "--image-size", 32, "--epochs", 1, "--json"]
    assert run("train", folder, *arguments, "--augment", augment, "--output", output) == 0
    before = json.loads(capsys.readouterr().out)
    assert [epoch["phase"] for epoch in before["history"]] == ["head"]
    base = applications.SqueezeNet(include_top=False, weights=str(pretrained), input_shape=(32, 32, 3))
    kept = notes.load(output)[0]
    for layer in base.layers:
        if layer.weights:
            assert np.array_equal(layer.get_weights()[0], kept.get_layer(layer.name).get_weights()[0])
    assert run("train", folder, *arguments, "--augment", augment, "--fine-tune", "--output", output) == 0
    found = json.loads(capsys.readouterr().out)
    assert [epoch["phase"] for epoch in found["history"]] == ["head", "tune"]
    assert found["history"][0] == before["history"][0]
    assert found["model"] == "SqueezeNet"


def test_weights_decide_how_pixels_are_prepared(tmp_path: Path) -> None:
    entry = applications.catalog.find_entry("ResNet50")
    assert networks._mode(entry, None) == "caffe"
    (tmp_path / "resnet50.pth").write_bytes(b"")
    assert networks._mode(entry, str(tmp_path / "resnet50.pth")) == "torch"


def test_statistics_keep_up_with_small_data() -> None:
    model = networks.make("MobileNetV2", (32, 32, 3), 2)
    config = model.get_layer("bn_Conv1").get_config()
    assert config["momentum"] == 0.9
    layer = model.get_layer("bn_Conv1")
    x = np.full((2, 4, 4, 32), 10, np.float32)
    layer(x, training=True)
    assert layer.moving_mean.numpy() == pytest.approx(np.full(32, 1.0), rel=1e-5)


# ---- interrupted


def interrupt_after(monkeypatch: Any, epochs: int) -> None:
    original = BestModel.on_epoch_end

    def stop(self: BestModel, epoch: int, logs: Any = None) -> None:
        if epoch == epochs:
            raise KeyboardInterrupt
        original(self, epoch, logs)

    monkeypatch.setattr(BestModel, "on_epoch_end", stop)


def test_interrupted_and_resumed_is_as_never_interrupted(
    folder: Path, tmp_path: Path, capsys: Any, monkeypatch: Any
) -> None:
    arguments = ["train", folder, *QUICK[:4], "--epochs", 4, "--augment", "natural"]
    whole, parts = tmp_path / "whole.fastcnn", tmp_path / "parts.fastcnn"
    assert run(*arguments, "--output", whole) == 0
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        capsys.readouterr()
        assert run(*arguments, "--output", parts) == 130
    said = capsys.readouterr().out
    assert "Interrupted after 2 epochs." in said
    assert "--resume" in said.splitlines()[-1]
    assert notes.load(parts)[1]["class_names"] == ["cat", "hund ß"]
    message = failure(capsys, *arguments, "--output", parts)
    assert message.endswith("parts.fastcnn.backup holds a training that was interrupted: go on with --resume, or "
                            "delete that folder")  # fmt: skip
    assert run(*arguments, "--output", parts, "--resume", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["history"]) == 4
    assert all(
        np.array_equal(a, b) for a, b in zip(*(notes.load(p)[0].get_weights() for p in (whole, parts)), strict=True)
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.fastcnn", "whole.fastcnn"]


def test_interrupted_before_the_first_epoch(folder: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    interrupt_after(monkeypatch, 0)
    assert run("train", folder, *QUICK, "--json", "--output", tmp_path / "m.fastcnn") == 130
    found = json.loads(capsys.readouterr().out)
    assert found["interrupted"]
    assert (found["output"], found["best_epoch"], found["validation"]) == (None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_resume_without_a_backup_begins(folder: Path, tmp_path: Path, capsys: Any) -> None:
    assert run("train", folder, *QUICK, "--resume", "--output", tmp_path / "m.fastcnn") == 0
    assert "this is a new one" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_in_a_process_of_its_own(folder: Path, tmp_path: Path) -> None:
    # Who started the tests may have told them, and so their children, to ignore Ctrl-C.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import sys; "
    program += "from fastcnn.__main__ import main; sys.exit(main())"
    arguments = [
        "train",
        folder,
        *QUICK[:4],
        "--epochs",
        "10000",
        "--patience",
        "9999",
        "--output",
        tmp_path / "m.fastcnn",
    ]
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program, *map(str, arguments)], stdout=-1, stderr=-1, text=True
    )
    try:
        assert process.stdout is not None
        assert any(line.startswith("Epoch 3/") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=300)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert "Interrupted after" in rest
    assert errors == ""
    assert notes.load(tmp_path / "m.fastcnn")[1]["class_names"] == ["cat", "hund ß"]


# ---- predict


def test_predict_names_classes(folder: Path, trained: Path, capsys: Any) -> None:
    image = folder / "hund ß" / "0.png"
    assert run("predict", trained, image) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(image)
    assert {line.split(maxsplit=1)[1] for line in lines[1:]} == {"cat", "hund ß"}
    parts = [float(line.split("%")[0]) for line in lines[1:]]
    assert parts == sorted(parts, reverse=True)
    assert sum(parts) == pytest.approx(100, abs=0.2)


def test_predict_is_what_the_model_says_about_a_folder(folder: Path, trained: Path, capsys: Any) -> None:
    from fastcnn.data import ImageDataset

    assert run("predict", trained, folder / "cat", "--top", 1, "--json", "--batch-size", 4) == 0
    found = json.loads(capsys.readouterr().out)
    files = sorted(str(path) for path in (folder / "cat").iterdir())
    rows = models.load_model(trained).predict(ImageDataset(files, image_size=8), verbose=0)
    assert [one["file"] for one in found["predictions"]] == files
    for one, row in zip(found["predictions"], rows, strict=True):
        (best,) = one["classes"]
        assert best["index"] == row.argmax()
        assert best["probability"] == pytest.approx(row.max(), abs=1e-5)
    assert run("predict", trained, folder / "cat", "--top", 1) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_what_predict_refuses(folder: Path, trained: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "nothing").mkdir()
    line = failure(capsys, "predict", trained, tmp_path / "nothing")
    assert line == f"fastcnn predict: error: {tmp_path / 'nothing'} has no images"
    line = failure(capsys, "predict", trained, folder / "cat", "--image-size", "9x8")
    assert line == f"fastcnn predict: error: --image-size is 9x8, but {trained} takes 8x8"


def test_predict_goes_on_after_a_bad_image(folder: Path, trained: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG nothing")
    arguments = ["predict", trained, tmp_path / "bad.png", tmp_path / "none.png", folder / "cat" / "0.png", "--json"]
    assert run(*arguments) == 1
    captured = capsys.readouterr()
    first, second = captured.err.splitlines()
    assert "bad.png" in first
    assert second == f"fastcnn predict: error: {tmp_path / 'none.png'}: No such file or directory"
    found = json.loads(captured.out)["predictions"]
    assert ["error" in one for one in found] == [True, True, False]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A model that says nothing about its classes, and gives logits."""
    model = models.Sequential([layers.Input((None, None, 3)), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    model.layers[-1].set_weights([np.array([[1, 0], [0, 0], [0, 0]], np.float32), np.zeros(2, np.float32)])
    model.save(tmp_path / "plain.fastcnn")
    return tmp_path / "plain.fastcnn"


def test_predict_with_a_model_of_another_kind(plain: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "red.png").write_bytes(encoded(np.full((4, 4, 3), 51, np.uint8), "PNG"))
    (tmp_path / "names.txt").write_text("röd\nother\n", "utf-8")
    arguments = ["predict", plain, tmp_path / "red.png", "--image-size", "4", "--preprocess", "unit", "--json"]
    assert run(*arguments) == 0
    classes = json.loads(capsys.readouterr().out)["predictions"][0]["classes"]
    assert [one["class"] for one in classes] == ["class 0", "class 1"]
    assert classes[0]["probability"] == pytest.approx(np.exp(0.2) / (1 + np.exp(0.2)), abs=1e-6)
    assert run(*arguments, "--classes", tmp_path / "names.txt") == 0
    assert json.loads(capsys.readouterr().out)["predictions"][0]["classes"][0]["class"] == "röd"
    (tmp_path / "names.txt").write_text("one\n")
    message = failure(capsys, *arguments, "--classes", tmp_path / "names.txt")
    assert message.endswith("names.txt has 1 names, but the model has 2 classes")
    message = failure(capsys, "predict", plain, tmp_path / "red.png")
    assert message.endswith("plain.fastcnn takes images of any size: say which with --image-size")


# ---- summary


def test_summary_of_a_file(trained: Path, capsys: Any) -> None:
    assert run("summary", trained) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Classes: cat, hund ß"
    assert run("summary", trained, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parameters"] == sum(layer["parameters"] for layer in found["layers"])
    assert found["notes"]["class_names"] == ["cat", "hund ß"]


def test_summary_of_a_network_by_name(capsys: Any) -> None:
    assert run("summary", "squeezenet", "--json", "--image-size", "64x96") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["parameters"] == 1_235_496
    assert found["input_shape"] == [None, 64, 96, 3]
    assert run("summary") == 0
    assert "DenseNet121" in capsys.readouterr().out
    assert run("summary", "--json") == 0
    assert [n["name"] for n in json.loads(capsys.readouterr().out)["networks"]] == applications.list_models()


def test_every_network_has_its_name() -> None:
    for name in applications.list_models():
        assert networks.full_name(name.lower()) == name
        assert networks.full_name(name.replace("Net", "-net")) == name


# ---- what goes wrong


def test_unreadable_images(tmp_path: Path, capsys: Any) -> None:
    root = folder_of_classes(tmp_path / "data", each=4)
    (root / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    output = tmp_path / "m.fastcnn"
    assert run("train", root, *QUICK, "--output", output) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fastcnn train: error: ")
    assert "broken.jpg" in line
    assert line.endswith("--on-error skip leaves such images out")
    assert run("train", root, *QUICK, "--output", output, "--on-error", "skip") == 0
    captured = capsys.readouterr()
    assert captured.err.startswith("warning: 1 of 9 images cannot be read and are left out:")
    assert "8 images of 2 classes" in captured.out


def test_folders_that_teach_nothing(tmp_path: Path, capsys: Any) -> None:
    one = folder_of_classes(tmp_path / "one", ("cat",))
    expected = "one has one class folder, 'cat': there is nothing to tell apart. Make a folder for each class"
    assert failure(capsys, "train", one).endswith(expected)
    (one / "dog").mkdir()
    assert failure(capsys, "train", one).endswith("the class folders ['dog'] have no images: fill them or remove them")
    assert failure(capsys, "train", tmp_path / "none").endswith(f"directory {tmp_path / 'none'} does not exist")
    (tmp_path / "empty").mkdir()
    assert failure(capsys, "train", tmp_path / "empty").endswith("empty has no class folders and no images")


def test_files_that_are_no_models(folder: Path, tmp_path: Path, capsys: Any) -> None:
    bad = tmp_path / "bad.fastcnn"
    bad.write_bytes(b"not a model")
    image = folder / "cat" / "0.png"
    for arguments in (["predict", bad, image], ["summary", bad]):
        message = failure(capsys, *arguments)
        assert message.startswith(f"fastcnn {arguments[0]}: error: ")
        assert "bad.fastcnn" in message
    assert "none.fastcnn" in failure(capsys, "predict", tmp_path / "none.fastcnn", image)
    assert failure(capsys, "summary", "none.fastcnn").endswith("error: none.fastcnn: there is no such file")
    assert "Did you mean 'resnet18'?" in failure(capsys, "summary", "resnet-19")
    models.Sequential([layers.Input((4,)), layers.Dense(2)]).save(tmp_path / "dense.fastcnn")
    assert "is no classifier of images: it takes (None, 4)" in failure(
        capsys, "predict", tmp_path / "dense.fastcnn", image
    )


def test_a_learning_rate_that_is_too_large(folder: Path, tmp_path: Path, capsys: Any) -> None:
    with np.errstate(all="ignore"):
        code = run(
            "train", folder, *QUICK, "--learning-rate", "1e38", "--optimizer", "sgd", "--output", tmp_path / "m.fastcnn"
        )
    assert code == 1
    assert capsys.readouterr().err.rstrip().endswith("try a smaller --learning-rate than 1e+38")
    assert not (tmp_path / "m.fastcnn.backup").exists()


def test_validation_that_is_never_a_number(folder: Path, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    original = BestModel.on_epoch_end
    broken = {"loss": 1.0, "val_loss": float("nan")}
    monkeypatch.setattr(BestModel, "on_epoch_end", lambda self, epoch, logs=None: original(self, epoch, broken))
    message = failure(capsys, "train", folder, *QUICK, "--output", tmp_path / "m.fastcnn")
    assert message.endswith("val_loss was never a finite number: try a smaller --learning-rate than 0.001")
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_there(folder: Path, capsys: Any, monkeypatch: Any, tmp_path: Path) -> None:
    for name in ("KERAS_HOME", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    message = failure(capsys, "train", folder, "--model", "vgg16", "--weights", "nothing.h5")
    assert message == "fastcnn train: error: --weights nothing.h5: there is no such file"
    message = failure(capsys, "train", folder, "--model", "vgg16", "--weights", "imagenet")
    assert "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5" in message


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--epochs", "0"], "argument --epochs: must be a whole number from 1, got '0'"),
        (["--learning-rate", "-1"], "argument --learning-rate: must be a number above 0, got '-1'"),
        (["--validation-split", "1"], "argument --validation-split: must be a number from 0, below 1, got '1'"),
        (["--image-size", "4x"], "argument --image-size: must be a number of pixels such as 224"),
        (["--augment", "cats"], "argument --augment: invalid choice: 'cats'"),
        (["--model", "resnet19"], "argument --model: there is no network 'resnet19'. Did you mean 'resnet18'?"),
        (["--fine-tune"], "argument --fine-tune: needs --weights"),
        (["--weights", "x.pth"], "argument --weights: there are none for small"),
        (["--weights", "x.pth", "--model", "vgg16", "--resume"], "argument --resume: cannot be used with --weights"),
        (["--weights", "x.pth", "--model", "vgg16", "--grayscale"], "argument --grayscale: cannot be used"),
        (["--output", "model.h5"], "argument --output: must end in .fastcnn, got 'model.h5'"),
        (["--cache", "images.zip"], "argument --cache: must end in .npy, got 'images.zip'"),
    ],
)
def test_wrong_options(arguments: list[str], expected: str, capsys: Any) -> None:
    assert expected in usage_error(capsys, "train", "folder", *arguments)


def test_errors_that_nobody_expected(monkeypatch: Any, capsys: Any) -> None:
    def fail(options: Any) -> dict[str, Any]:
        return {}["a\nb"]

    monkeypatch.setattr("fastcnn.cli.summary._model", fail)
    assert failure(capsys, "summary", "x") == "fastcnn summary: error: KeyError: 'a\\nb'"
    monkeypatch.setenv("FASTCNN_TRACEBACK", "1")
    with pytest.raises(KeyError):
        run("summary", "x")


def test_a_message_that_holds_an_array_is_cut() -> None:
    assert one_line(ValueError("1 2 " * 1000)) == ("1 2 " * 200) + "..."


def test_ctrl_c_anywhere(monkeypatch: Any, capsys: Any) -> None:
    def interrupt(options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fastcnn.cli.summary._model", interrupt)
    assert run("summary", "x") == 130
    assert capsys.readouterr().err == "\ninterrupted\n"


# ---- the rest


def test_without_a_command(capsys: Any) -> None:
    assert run() == 0
    assert "train" in capsys.readouterr().out
    assert run("--cmakedir") == 0
    assert capsys.readouterr().out.strip() == fastcnn.get_cmake_dir()


def test_version_imports_little_beside_the_package() -> None:
    program = (
        "import sys, fastcnn; before = set(sys.modules)\n"
        "from fastcnn.__main__ import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted(n for n in set(sys.modules) - before if not n.startswith('fastcnn.cli')))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    version, modules = done.stdout.splitlines()
    assert version == fastcnn.__version__
    heavy = {
        "PIL",
        "tqdm",
        "h5py",
        "concurrent.futures",
        "fastcnn.applications",
        "fastcnn.data",
        "fastcnn.augment",
    }
    assert not heavy & set(modules.split())
