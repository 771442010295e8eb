"""The published networks: where they are, how large they are, and what their files of weights are called."""

from typing import NamedTuple

from fastcnn.registry import suggestion

__all__ = ["CATALOG", "Entry", "Files", "find_entry", "list_models", "preprocess_mode", "table"]


class Files(NamedTuple):
    """The published files with weights of one network.

    Args:
        keras: the file's name with and without the top.
        torch: what a file of torchvision's begins with, before the dash and the checksum.
        whole: whether Keras's file with the top serves without it, too: its layers are called like ours.
    """

    keras: tuple[str, str] | None = None
    torch: str | None = None
    whole: bool = True


class Entry(NamedTuple):
    """A row of the table of networks.

    Args:
        name: of the function.
        module: where it is, below ``fastcnn.applications``.
        parameters: the published count. Keras counts the moving statistics of batch normalisation, torchvision does
            not; the variant that is built by default says which.
        flops: of one image of the default size; a multiplication and an addition are two.
        preprocess: the mode of ``preprocess_input`` of the default variant.
        size: height and width of the images that it was made for.
        least: the smallest height and width.
        variants: what there is: "keras", "torchvision"; the first is the default.
        files: where its weights are looked for.
        channels: of the images.
    """

    name: str
    module: str
    parameters: int
    flops: int
    preprocess: str
    size: int
    least: int
    variants: tuple[str, ...]
    files: Files
    channels: int = 3


def _keras(stem: str) -> tuple[str, str]:
    kernels = f"{stem}_weights_tf_dim_ordering_tf_kernels"
    return f"{kernels}.h5", f"{kernels}_notop.h5"


def _plain(stem: str) -> Files:
    return Files((f"{stem}.h5", f"{stem}_notop.h5"))


def _convnext(kind: str) -> Files:
    stem = f"convnext_{kind}"
    return Files((f"{stem}.h5", f"{stem}_notop.h5"), stem, whole=False)


def _mobilenet(stem: str, torch: str | None = None) -> Files:
    return Files((f"{stem}.h5", f"{stem}_no_top.h5"), torch)


def _mobilenet_v3(kind: str) -> Files:
    stem = f"weights_mobilenet_v3_{kind}_224_1.0_float"
    return Files((f"{stem}.h5", f"{stem}_no_top_v2.h5"), f"mobilenet_v3_{kind}", whole=False)


def _both(stem: str) -> Files:
    return Files(_keras(stem), stem)


_BOTH, _KERAS, _TORCH = ("keras", "torchvision"), ("keras",), ("torchvision",)
_MOBILENET = _mobilenet("mobilenet_1_0_224_tf")
_MOBILENET_V2 = _mobilenet("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224", "mobilenet_v2")
_INCEPTION = Files(_keras("inception_v3"), "inception_v3_google")
_EFFICIENTNETS = [
    (5_330_571, 771_629_504, 224),
    (7_856_239, 1_373_605_664, 240),
    (9_177_569, 1_987_123_744, 260),
    (12_320_535, 3_654_282_784, 300),
    (19_466_823, 8_787_542_048, 380),
    (30_562_527, 20_532_769_504, 456),
    (43_265_143, 38_135_187_072, 528),
    (66_658_687, 75_491_768_384, 600),
]  # parameters, flops, size
_CONVNEXTS = [
    ("Tiny", 28_589_128, 8_911_062_528),
    ("Small", 50_223_688, 17_367_424_512),
    ("Base", 88_591_464, 30_709_458_944),
]  # name, parameters, flops
_EFFICIENTNETS_V2 = [
    ("B0", 7_200_312, 1_436_172_352, 224),
    ("B1", 8_212_124, 2_393_638_720, 240),
    ("B2", 10_178_374, 3_395_085_664, 260),
    ("B3", 14_467_622, 6_022_917_632, 300),
    ("S", 21_612_360, 16_731_234_304, 384),
    ("M", 54_431_388, 49_164_920_768, 480),
    ("L", 119_027_848, 112_159_398_016, 480),
]  # name, parameters, flops, size

_ROWS = [
    Entry("VGG11", "vgg", 132_863_336, 15_218_180_096, "torch", 224, 32, _TORCH, Files(torch="vgg11")),
    Entry("VGG11_BN", "vgg", 132_868_840, 15_218_180_096, "torch", 224, 32, _TORCH, Files(torch="vgg11_bn")),
    Entry("VGG13", "vgg", 133_047_848, 22_616_932_352, "torch", 224, 32, _TORCH, Files(torch="vgg13")),
    Entry("VGG13_BN", "vgg", 133_053_736, 22_616_932_352, "torch", 224, 32, _TORCH, Files(torch="vgg13_bn")),
    Entry("VGG16", "vgg16", 138_357_544, 30_940_528_640, "caffe", 224, 32, _BOTH, _both("vgg16")),
    Entry("VGG16_BN", "vgg", 138_365_992, 30_940_528_640, "torch", 224, 32, _TORCH, Files(torch="vgg16_bn")),
    Entry("VGG19", "vgg19", 143_667_240, 39_264_124_928, "caffe", 224, 32, _BOTH, _both("vgg19")),
    Entry("VGG19_BN", "vgg", 143_678_248, 39_264_124_928, "torch", 224, 32, _TORCH, Files(torch="vgg19_bn")),
    Entry(
        "ResNet18", "resnet_torchvision", 11_689_512, 3_628_146_688, "torch", 224, 32, _TORCH, Files(torch="resnet18")
    ),
    Entry(
        "ResNet34", "resnet_torchvision", 21_797_672, 7_327_522_816, "torch", 224, 32, _TORCH, Files(torch="resnet34")
    ),
    Entry("ResNet50", "resnet", 25_636_712, 7_715_946_496, "caffe", 224, 32, _BOTH, _both("resnet50")),
    Entry("ResNet101", "resnet", 44_707_176, 15_140_388_864, "caffe", 224, 32, _BOTH, _both("resnet101")),
    Entry("ResNet152", "resnet", 60_419_944, 22_564_831_232, "caffe", 224, 32, _BOTH, _both("resnet152")),
    Entry("ResNet50V2", "resnet_v2", 25_613_800, 6_964_510_720, "tf", 224, 32, _KERAS, Files(_keras("resnet50v2"))),
    Entry("ResNet101V2", "resnet_v2", 44_675_560, 14_388_953_088, "tf", 224, 32, _KERAS, Files(_keras("resnet101v2"))),
    Entry("ResNet152V2", "resnet_v2", 60_380_648, 21_813_395_456, "tf", 224, 32, _KERAS, Files(_keras("resnet152v2"))),
    Entry("AlexNet", "alexnet", 61_100_840, 1_428_376_960, "torch", 224, 63, _TORCH, Files(torch="alexnet-owt")),
    Entry("GoogLeNet", "googlenet", 6_624_904, 2_996_752_384, "torch", 224, 32, _TORCH, Files(torch="googlenet")),
    Entry("InceptionV3", "inception_v3", 23_851_784, 11_426_432_192, "tf", 299, 75, _BOTH, _INCEPTION),
    Entry("Xception", "xception", 22_910_480, 16_714_806_992, "tf", 299, 71, _KERAS, Files(_keras("xception"))),
    Entry("MobileNet", "mobilenet", 4_253_864, 1_137_480_704, "tf", 224, 32, _KERAS, _MOBILENET),
    Entry("MobileNetV2", "mobilenet_v2", 3_538_984, 601_548_544, "tf", 224, 32, _BOTH, _MOBILENET_V2),
    *[
        Entry(
            f"MobileNetV3{kind}", "mobilenet_v3", parameters, flops, "none", 224, 32, _BOTH, _mobilenet_v3(kind.lower())
        )
        for kind, parameters, flops in (("Small", 2_554_968, 113_020_800), ("Large", 5_507_432, 433_179_520))
    ],
    Entry("SqueezeNet", "squeezenet", 1_235_496, 698_303_872, "torch", 224, 21, _TORCH, Files(torch="squeezenet1_1")),
    Entry("DenseNet121", "densenet", 8_062_504, 5_668_323_328, "torch", 224, 32, _BOTH, _both("densenet121")),
    Entry("DenseNet169", "densenet", 14_307_880, 6_719_686_656, "torch", 224, 32, _BOTH, _both("densenet169")),
    Entry("DenseNet201", "densenet", 20_242_984, 8_582_731_776, "torch", 224, 32, _BOTH, _both("densenet201")),
    *[
        Entry(
            f"EfficientNetB{i}",
            "efficientnet",
            parameters,
            flops,
            "none",
            size,
            32,
            _KERAS,
            _plain(f"efficientnetb{i}"),
        )
        for i, (parameters, flops, size) in enumerate(_EFFICIENTNETS)
    ],
    *[
        Entry(
            f"EfficientNetV2{name}",
            "efficientnet_v2",
            parameters,
            flops,
            "none",
            size,
            32,
            _KERAS,
            _plain(f"efficientnetv2-{name.lower()}"),
        )
        for name, parameters, flops, size in _EFFICIENTNETS_V2
    ],
    *[
        Entry(f"ConvNeXt{name}", "convnext", parameters, flops, "none", 224, 32, _BOTH, _convnext(name.lower()))
        for name, parameters, flops in _CONVNEXTS
    ],
    Entry("LeNet5", "lenet5", 61_706, 833_040, "unit", 32, 32, _KERAS, Files(), 1),
]
CATALOG: dict[str, Entry] = {row.name: row for row in _ROWS}


def find_entry(name: str) -> Entry:
    """The row of a network, by the name of its function in any case.

    Example:
        >>> find_entry("vgg16").parameters
        138357544
    """
    for row in CATALOG.values():
        if row.name.lower() == str(name).lower():
            return row
    raise ValueError(f"there is no network {name!r}.{suggestion(name, CATALOG)} list_models() names them all")


def list_models(module: str | None = None) -> list[str]:
    """The names of the networks.

    Args:
        module: only those of this submodule.

    Example:
        >>> list_models("resnet")
        ['ResNet50', 'ResNet101', 'ResNet152']
    """
    return [row.name for row in CATALOG.values() if module in (None, row.module)]


def preprocess_mode(name: str, variant: str | None = None) -> str:
    """The mode of ``fastcnn.preprocessing.preprocess_input`` that a network was trained with.

    Args:
        name: of the network.
        variant: "keras" or "torchvision"; None for the one that is built by default.

    Example:
        >>> preprocess_mode("ResNet50"), preprocess_mode("ResNet50", "torchvision")
        ('caffe', 'torch')
    """
    from fastcnn.layers.arguments import choice

    row = find_entry(name)
    chosen = row.variants[0] if variant is None else choice(variant, row.variants, "variant")
    return row.preprocess if chosen == row.variants[0] else "torch"


class _Table(str):
    """Text that an interpreter shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def table(module: str | None = None) -> str:
    """The networks as a table: parameters, operations for one image, preprocessing, size of images.

    Args:
        module: only those of this submodule.

    Example:
        >>> print(table("lenet5"))
        Name    Parameters   GFLOPs  Preprocess  Size       Variants
        LeNet5      61,706     0.00  unit        32x32x1    keras
    """
    rows = [CATALOG[name] for name in list_models(module)]
    wide = max((len(row.name) for row in rows), default=4)
    lines = [f"{'Name':{wide}}  {'Parameters':>10}  {'GFLOPs':>7}  {'Preprocess':10}  {'Size':9}  Variants"]
    for row in rows:
        size = f"{row.size}x{row.size}x{row.channels}"
        lines.append(
            f"{row.name:{wide}}  {row.parameters:>10,}  {row.flops / 1e9:>7.2f}  {row.preprocess:10}  {size:9}  "
            + ", ".join(row.variants)
        )
    return _Table("\n".join(lines))
