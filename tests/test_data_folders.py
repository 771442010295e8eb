"""Folders of class folders."""

import os
from pathlib import Path

import numpy as np
import pytest

from fastcnn.data import list_folder
from fastcnn.data.folders import files_below


def files(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def test_order_and_labels(tmp_path):
    files(
        tmp_path,
        "b/2.PNG",
        "b/10.jpg",
        "b/sub/1.gif",
        "a/x.jpeg",
        "a/note.txt",
        ".hidden/1.png",
        "stray.png",
        "c/no.md",
    )
    paths, labels, names = list_folder(tmp_path)
    assert [str(Path(p).relative_to(tmp_path)) for p in paths] == ["a/x.jpeg", "b/10.jpg", "b/2.PNG", "b/sub/1.gif"]
    assert (labels.tolist(), labels.dtype, names) == ([0, 1, 1, 1], np.int32, ["a", "b", "c"])
    assert all(type(p) is str for p in paths)


def test_every_kind_of_file(tmp_path):
    kinds = ["bmp", "gif", "jpeg", "jpg", "png", "ppm", "tif", "tiff", "webp"]
    files(tmp_path, *[f"a/1.{kind}" for kind in [*kinds, "txt", "npy", "svg", "jpg~"]])
    assert sorted(Path(p).suffix[1:] for p in list_folder(tmp_path)[0]) == kinds


def test_chosen_classes(tmp_path):
    files(tmp_path, "a/1.png", "b/1.png", "c/1.png")
    paths, labels, names = list_folder(str(tmp_path), classes=("c", "a"))
    assert ([Path(p).parent.name for p in paths], labels.tolist(), names) == (["c", "a"], [0, 1], ["c", "a"])
    with pytest.raises(ValueError, match=r"has no class folder 'bb'; it has \['a', 'b', 'c'\]\. Did you mean 'b'\?"):
        list_folder(tmp_path, classes=["bb"])
    with pytest.raises(ValueError, match=r"classes must name each class once, got \['a', 'a'\]"):
        list_folder(tmp_path, classes=["a", "a"])


def test_unicode(tmp_path):
    files(tmp_path, "Löwe/für dich.png", "狮子/一.png", "🦁/x.png")
    paths, _, names = list_folder(tmp_path)
    assert names == sorted(["Löwe", "狮子", "🦁"])
    assert {Path(p).name for p in paths} == {"für dich.png", "一.png", "x.png"}


def test_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="directory .*nowhere does not exist"):
        list_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no class folders and no images"):
        list_folder(tmp_path)
    with pytest.raises(ValueError, match="2 images lie side by side: pass labels=None, or move them into a folder of"):
        list_folder(files(tmp_path, "1.png", "2.png"))
    with pytest.raises(NotADirectoryError, match=r"directory must be a folder, got the file .*1\.png"):
        list_folder(tmp_path / "1.png")
    with pytest.raises(ValueError, match=r"has no images in its class folders \['a'\]; images end in \.bmp \.gif"):
        list_folder(files(tmp_path / "deeper", "a/readme.txt"))


def test_links(tmp_path):
    files(tmp_path / "set", "a/1.png")
    files(tmp_path / "elsewhere", "2.png")
    (tmp_path / "set" / "a" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert len(list_folder(tmp_path / "set")[0]) == 1
    assert len(list_folder(tmp_path / "set", follow_links=True)[0]) == 2
    assert len(files_below(tmp_path / "elsewhere", follow_links=True)) == 1


@pytest.mark.skipif(not os.environ.get("FASTCNN_DATA"), reason="FASTCNN_DATA is not set")
def test_real_folder():
    root = Path(os.environ["FASTCNN_DATA"]) / "sign-language-digits"
    if not root.is_dir():
        pytest.skip("FASTCNN_DATA has no sign-language-digits")
    paths, labels, names = list_folder(root)
    assert (len(paths), names) == (2062, [str(i) for i in range(10)])
    assert all(Path(p).parent.name == names[label] for p, label in zip(paths, labels, strict=True))
