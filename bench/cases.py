"""The layers of real networks as plain data. Sizes are those of ImageNet, MNIST and CIFAR; batches are the caller's."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Conv:
    """A convolution of an h x w x c image with k filters of kernel x kernel, padding "same" unless said otherwise."""

    network: str
    h: int
    c: int
    k: int
    kernel: int = 3
    stride: int = 1
    padding: str = "same"
    times: int = 1  # how often the network has it

    @property
    def oh(self) -> int:
        return -(-self.h // self.stride) if self.padding == "same" else (self.h - self.kernel) // self.stride + 1

    def flops(self, n: int) -> float:
        return 2.0 * n * self.oh**2 * self.kernel**2 * self.c * self.k

    def __str__(self) -> str:
        stride = f"/{self.stride}" if self.stride > 1 else ""
        return f"{self.network} {self.kernel}x{self.kernel}{stride} {self.c}-{self.k} {self.h}x{self.h}"


@dataclass(frozen=True)
class Dense:
    network: str
    inputs: int
    outputs: int

    def flops(self, n: int) -> float:
        return 2.0 * n * self.inputs * self.outputs

    def __str__(self) -> str:
        return f"{self.network} {self.inputs}-{self.outputs}"


@dataclass(frozen=True)
class Map:
    """The output of a layer: what pooling, normalisation and activations work on."""

    network: str
    h: int
    c: int

    def bytes(self, n: int) -> float:
        return 4.0 * n * self.h**2 * self.c

    def __str__(self) -> str:
        return f"{self.network} {self.h}x{self.h}x{self.c}"


VGG16 = [
    Conv("VGG16", 224, 3, 64),
    Conv("VGG16", 224, 64, 64),
    Conv("VGG16", 112, 64, 128),
    Conv("VGG16", 112, 128, 128),
    Conv("VGG16", 56, 128, 256),
    Conv("VGG16", 56, 256, 256, times=2),
    Conv("VGG16", 28, 256, 512),
    Conv("VGG16", 28, 512, 512, times=2),
    Conv("VGG16", 14, 512, 512, times=3),
]

RESNET50 = [
    Conv("ResNet-50", 224, 3, 64, kernel=7, stride=2),
    Conv("ResNet-50", 56, 64, 64, kernel=1),
    Conv("ResNet-50", 56, 64, 64, times=3),
    Conv("ResNet-50", 56, 64, 256, kernel=1, times=4),
    Conv("ResNet-50", 56, 256, 64, kernel=1, times=2),
    Conv("ResNet-50", 56, 256, 128, kernel=1),
    Conv("ResNet-50", 56, 128, 128, stride=2),
    Conv("ResNet-50", 56, 256, 512, kernel=1, stride=2),
    Conv("ResNet-50", 28, 128, 128, times=3),
    Conv("ResNet-50", 28, 128, 512, kernel=1, times=4),
    Conv("ResNet-50", 28, 512, 128, kernel=1, times=3),
    Conv("ResNet-50", 28, 512, 256, kernel=1),
    Conv("ResNet-50", 28, 256, 256, stride=2),
    Conv("ResNet-50", 28, 512, 1024, kernel=1, stride=2),
    Conv("ResNet-50", 14, 256, 256, times=5),
    Conv("ResNet-50", 14, 256, 1024, kernel=1, times=6),
    Conv("ResNet-50", 14, 1024, 256, kernel=1, times=5),
    Conv("ResNet-50", 14, 1024, 512, kernel=1),
    Conv("ResNet-50", 14, 512, 512, stride=2),
    Conv("ResNet-50", 14, 1024, 2048, kernel=1, stride=2),
    Conv("ResNet-50", 7, 512, 512, times=2),
    Conv("ResNet-50", 7, 512, 2048, kernel=1, times=3),
    Conv("ResNet-50", 7, 2048, 512, kernel=1, times=2),
]

MNIST = [Conv("MNIST", 28, 1, 32, padding="valid"), Conv("MNIST", 26, 32, 64, padding="valid")]

CIFAR = [
    Conv("CIFAR", 32, 3, 32),
    Conv("CIFAR", 32, 32, 32),
    Conv("CIFAR", 16, 32, 64),
    Conv("CIFAR", 16, 64, 64),
    Conv("CIFAR", 8, 64, 128),
    Conv("CIFAR", 8, 128, 128),
]

DENSE = [
    Dense("VGG16", 25088, 4096),
    Dense("VGG16", 4096, 4096),
    Dense("VGG16", 4096, 1000),
    Dense("ResNet-50", 2048, 1000),
    Dense("MNIST", 9216, 128),
    Dense("MNIST", 128, 10),
]

POOLED = [Map("VGG16", 224, 64), Map("VGG16", 56, 256), Map("ResNet-50", 112, 64), Map("MNIST", 24, 64)]
NORMALISED = [Map("ResNet-50", 112, 64), Map("ResNet-50", 56, 256), Map("ResNet-50", 14, 1024), Map("CIFAR", 32, 32)]

BATCHES = {"VGG16": (1, 8), "ResNet-50": (1, 8), "MNIST": (64,), "CIFAR": (64,)}
ALL_CONVS = [*VGG16, *RESNET50, *MNIST, *CIFAR]
