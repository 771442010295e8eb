"""decode_predictions: the likeliest classes, and where their names come from."""

import json

import numpy as np
import pytest

from fastcnn.applications import imagenet_utils, vgg16
from fastcnn.applications.imagenet_utils import decode_predictions, read_class_names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_WEIGHTS", str(tmp_path / "mine"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "keras" / "models").mkdir(parents=True)
    return tmp_path


def scores(*best):
    y = np.zeros((1, 1000), "float32")
    y[0, list(best)] = [0.5, 0.3, 0.2][: len(best)]
    return y


def test_names_from_kerass_cache_as_in_keras(folder):
    index = {str(i): [f"n{i:08}", f"class_{i}"] for i in range(1000)}
    (folder / "keras" / "models" / "imagenet_class_index.json").write_text(json.dumps(index))
    found = vgg16.decode_predictions(scores(7, 999, 0), top=3)
    assert found == [
        [
            ("n00000007", "class_7", 0.5),
            ("n00000999", "class_999", np.float32(0.3)),
            ("n00000000", "class_0", np.float32(0.2)),
        ]
    ]
    assert len(decode_predictions(scores(7))[0]) == 5


def test_synset_words_give_the_first_name_and_come_from_the_folder_named(folder):
    lines = [f"n{i:08} first name, other" for i in range(1000)]
    (folder / "mine" / "synset_words.txt").write_text("\n".join(lines))
    assert decode_predictions(scores(2), top=1) == [[("n00000002", "first_name", 0.5)]]


def test_names_of_your_own(tmp_path):
    (tmp_path / "a.txt").write_text("cat\ndog\n")
    (tmp_path / "b.json").write_text('["cat", "dog"]')
    for file in ("a.txt", "b.json"):
        assert decode_predictions([[0.25, 0.75]], class_names=tmp_path / file) == [
            [("", "dog", 0.75), ("", "cat", 0.25)]
        ]


def test_names_are_nowhere(folder):
    with pytest.raises(
        FileNotFoundError, match=r"put imagenet_class_index.json or synset_words.txt into .*mine.*FASTCNN_WEIGHTS"
    ):
        decode_predictions(scores(1))


def test_messages(tmp_path):
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    (tmp_path / "bad.json").write_text('{"1": 5}')
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ValueError, match=r"preds must be \(n, 1000\).*got shape \(1, 10\)"):
        decode_predictions(np.zeros((1, 10)))
    with pytest.raises(ValueError, match="class_names has 2 names, but preds has 3 columns"):
        decode_predictions(np.zeros((1, 3)), class_names=tmp_path / "names.txt")
    with pytest.raises(ValueError, match="top must be"):
        decode_predictions(np.zeros((1, 2)), 0, tmp_path / "names.txt")
    for name in ("bad.json", "broken.json"):
        with pytest.raises(ValueError, match=f"class_names: .*{name} must hold"):
            read_class_names(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="class_names: there is no file"):
        read_class_names(tmp_path / "nowhere.txt")
    assert imagenet_utils.read_class_names is read_class_names
