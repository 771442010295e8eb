"""Image files of every kind become the right pixels, or an error that names the file."""

import re
import warnings
from io import BytesIO

import numpy as np
import pytest

pytest.importorskip("PIL", reason="Pillow is not installed")
from pictures import encoded, huge_png, noise, smooth, with_orientation
from PIL import Image

from fastcnn.data import UnreadableImageError, read_image
from fastcnn.data.reading import MAX_PIXELS, decoded


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "TIFF", "WEBP"])
def test_lossless_kinds(kind):
    image = noise()
    options = {"lossless": True} if kind == "WEBP" else {}
    np.testing.assert_array_equal(read_image(encoded(image, kind, **options)), image)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 95, "subsampling": 0}])
def test_jpeg(options):
    image = smooth(32, 48)
    found = read_image(encoded(image, "JPEG", **options))
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - image).max() <= 12
    np.testing.assert_array_equal(found, np.asarray(Image.open(BytesIO(encoded(image, "JPEG", **options)))))


@pytest.mark.parametrize(("mode", "channels"), [("grayscale", 1), ("rgb", 3), ("rgba", 4)])
def test_color_modes(mode, channels):
    grey = noise(channels=0)
    found = read_image(encoded(grey, "PNG"), mode)
    assert found.shape == (20, 30, channels)
    np.testing.assert_array_equal(found[..., 0], grey)
    if mode == "rgba":
        assert (found[..., 3] == 255).all()


def test_colour_to_grey():
    red, green, blue = (np.full((1, 1, 3), 255, np.uint8) * np.eye(3, dtype=np.uint8)[i] for i in range(3))
    found = [int(read_image(encoded(c, "PNG"), "grayscale")[0, 0, 0]) for c in (red, green, blue)]
    assert found == [76, 150, 29]  # ITU-R 601


def test_sixteen_bits():
    deep = np.array([[0, 128, 129, 257, 32768, 65535]], np.uint16)
    for kind in ("PNG", "TIFF"):
        found = read_image(encoded(deep, kind), "grayscale")[0, :, 0]
        assert found.tolist() == [0, 0, 1, 1, 128, 255], kind
        np.testing.assert_array_equal(read_image(encoded(deep, kind))[0, :, 1], found)
    big_endian = b"P5 2 1 65535 " + bytes([0, 128, 255, 255])
    assert read_image(big_endian, "grayscale")[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (np.array([[0, 100, 255]], np.int32), [0, 100, 255]),
        (np.array([[0, 65535, 70000]], np.int32), [0, 255, 255]),
        (np.array([[-5.0, 99.6, 300.0, np.nan]], np.float32), [0, 100, 255, 0]),
    ],
)
def test_wide_numbers(array, wanted):
    assert read_image(encoded(array, "TIFF"), "grayscale")[0, :, 0].tolist() == wanted


def test_one_bit():
    bits = np.array([[True, False, True]])
    assert read_image(encoded(bits, "PNG"))[0].tolist() == [[255] * 3, [0] * 3, [255] * 3]


def test_cmyk():
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert read_image(encoded(ink, "TIFF"))[8, 8].tolist() == [255, 0, 0]
    found = read_image(encoded(ink, "JPEG", quality=95))[8, 8]
    assert np.abs(found.astype(int) - [255, 0, 0]).max() <= 4


def test_palette():
    few = np.repeat(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), 4, axis=0)
    np.testing.assert_array_equal(read_image(encoded(few, "PNG", "P")), few)
    transparent = Image.fromarray(few).quantize(2)
    file = BytesIO()
    transparent.save(file, "PNG", transparency=bytes([0, 128]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(read_image(file.getvalue()), few)
        alpha = read_image(file.getvalue(), "rgba")[0, :, 3]
    assert sorted(alpha.tolist()) == [0, 128]


def test_alpha():
    rgba, la = noise(channels=4), noise(channels=2)
    np.testing.assert_array_equal(read_image(encoded(rgba, "PNG")), rgba[..., :3])
    np.testing.assert_array_equal(read_image(encoded(rgba, "PNG"), "rgba"), rgba)
    grey = encoded(Image.fromarray(la), "PNG")
    np.testing.assert_array_equal(read_image(grey), la[..., :1].repeat(3, -1))
    np.testing.assert_array_equal(read_image(grey, "grayscale"), la[..., :1])
    np.testing.assert_array_equal(read_image(grey, "rgba")[..., 3], la[..., 1])


def test_first_picture_of_an_animation():
    pictures = [Image.new("RGB", (5, 4), c) for c in ("red", "lime", "blue")]
    file = BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=50)
    found = read_image(file.getvalue())
    assert found.shape == (4, 5, 3)
    assert (found == [255, 0, 0]).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_rotation_of_cameras(kind):
    """The viewer of a file sees ``upright``, however it is stored."""
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :16] = 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    for orientation, pixels in stored.items():
        found = read_image(with_orientation(np.ascontiguousarray(pixels), orientation, kind))
        assert found.shape == upright.shape, orientation
        assert np.abs(found.astype(int) - upright).mean() < 8, orientation


def test_rotation_that_makes_no_sense():
    image = noise()
    np.testing.assert_array_equal(read_image(with_orientation(image, 99)), image)
    data = bytearray(with_orientation(image, 6))
    at = data.index(b"eXIf")
    data[at + 12 : at + 20] = b"\xff" * 8  # CRC is wrong then, too
    try:
        assert read_image(bytes(data)).shape in ((20, 30, 3), (30, 20, 3))
    except UnreadableImageError as error:
        assert re.search("cannot be decoded|first bytes are damaged", str(error))


def test_sources(tmp_path):
    image = noise()
    data = encoded(image, "PNG")
    path = tmp_path / "Größe 图片 🌼.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        for source in (data, bytearray(data), BytesIO(data), path, str(path), file):
            np.testing.assert_array_equal(read_image(source), image)
    with pytest.raises(TypeError, match="source must be a path, bytes or a file open for reading, got int"):
        read_image(3)
    with (
        path.open(encoding="latin1") as file,
        pytest.raises(TypeError, match=r"binary mode, but its read\(\) gave str"),
    ):
        read_image(file)


def test_target_size():
    image = noise(20, 30)
    assert read_image(encoded(image, "PNG"), target_size=(5, 9)).shape == (5, 9, 3)
    whole = np.zeros((20, 40, 3), np.uint8)
    whole[:, 10:30] = 200
    cut = read_image(encoded(whole, "PNG"), target_size=(10, 10), keep_aspect_ratio=True)
    assert (cut == 200).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"color_mode": "grey"}, r"color_mode must be one of 'grayscale', 'rgb', 'rgba', got 'grey'"),
        ({"color_mode": "rbg"}, r"Did you mean 'rgb'\?"),
        ({"target_size": (2, 2), "interpolation": "linear"}, r"interpolation must be .* got 'linear'"),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        read_image(encoded(noise(), "PNG"), **arguments)


def damaged(kind):
    whole = encoded(smooth(64, 64), "JPEG" if kind == "corrupt JPEG" else kind.split()[-1])
    if kind.startswith("truncated"):
        return whole[: len(whole) // 2]
    data = bytearray(whole)
    at = data.index(b"\xff\xc4")  # the Huffman tables
    data[at + 2 : at + 40] = b"\xff" * 38
    return bytes(data)


@pytest.mark.parametrize("kind", ["truncated JPEG", "truncated PNG", "truncated BMP", "truncated WEBP", "corrupt JPEG"])
def test_damaged_files_are_named(tmp_path, kind):
    path = tmp_path / "Blume.img"
    path.write_bytes(damaged(kind))
    with pytest.raises(UnreadableImageError, match=r"Blume\.img: (cannot be decoded|this is no image)"):
        read_image(path)


@pytest.mark.parametrize("options", [{"format": "JPEG"}, {"format": "JPEG", "progressive": True}, {"format": "PNG"}])
def test_a_quick_look_finds_what_reading_finds(options):
    """Which files are skipped is found out at an eighth of a JPEG's size."""
    options = dict(options)
    whole = encoded(smooth(48, 64), options.pop("format"), **options)
    outcomes = set()
    for length in range(0, len(whole) + 1, 7):
        failed = []
        for read in (read_image, lambda data: decoded(data, lambda picture: None, draft=True)):
            try:
                read(whole[:length])
                failed.append(False)
            except UnreadableImageError:
                failed.append(True)
        assert failed[0] == failed[1], length
        outcomes.add(failed[0])
    assert True in outcomes
    decoded(whole, lambda picture: None, draft=True)


def test_no_images_at_all(tmp_path):
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "program.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nquit\n")
    with pytest.raises(UnreadableImageError, match=r"empty\.jpg: the file is empty"):
        read_image(tmp_path / "empty.jpg")
    for name in ("text.jpg", "program.eps"):
        with pytest.raises(UnreadableImageError, match=f"{name}: this is no image of a known format"):
            read_image(tmp_path / name)
    with pytest.raises(UnreadableImageError, match="image of 3 bytes: this is no image"):
        read_image(b"abc")
    with pytest.raises(FileNotFoundError, match=r"missing\.jpg"):
        read_image(tmp_path / "missing.jpg")
    assert issubclass(UnreadableImageError, ValueError)


def test_files_that_claim_too_many_pixels():
    with pytest.raises(UnreadableImageError, match=rf"more pixels than the {MAX_PIXELS} allowed"):
        read_image(huge_png(10000, 10000))
    with pytest.raises(UnreadableImageError, match="cannot be decoded"):
        read_image(huge_png(1000, 1000))
    with pytest.raises(UnreadableImageError, match="pixels|cannot be decoded"):
        read_image(huge_png(2**31 - 1, 2**31 - 1))


def test_files_that_do_not_end(monkeypatch):
    from fastcnn.data import reading

    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    for source in ("/dev/zero", BytesIO(bytes(1001))):
        with pytest.raises(UnreadableImageError, match="the file is larger than the 1000 bytes allowed"):
            read_image(source)


def test_pixels_may_be_written_to():
    image = read_image(encoded(noise(), "PNG"))
    image[0] = 7
    assert (image[0] == 7).all()
    image = read_image(encoded(noise(channels=0), "PNG"), "grayscale")
    image[0] = 7


def test_without_pillow(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'images need Pillow: pip install "fastcnn\[images\]"'):
        read_image(b"")


def test_without_memory(monkeypatch):
    def full(self):
        raise MemoryError

    data = encoded(noise(), "PNG")
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", full)
    with pytest.raises(UnreadableImageError, match="there is not enough memory to decode it"):
        read_image(data)
