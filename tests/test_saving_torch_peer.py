"""Files that the real PyTorch writes, and networks that give what its networks give. Optional: where torch is."""

import os
from pathlib import Path

import numpy as np
import pytest

from fastcnn import layers, models
from fastcnn.saving import FileFormatError, read_torch

torch = pytest.importorskip("torch")
nn = torch.nn
RNG = np.random.default_rng(0)


def network():
    """One module of each kind that has weights, and a Linear upon flattened images."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(4, 8, (3, 2), groups=2),
        nn.BatchNorm2d(8),
        nn.PReLU(8),
        nn.ConvTranspose2d(8, 6, 3, stride=2),
        nn.Conv2d(6, 12, 3, groups=6),
        nn.GroupNorm(3, 12),
        nn.Conv2d(12, 5, 1, bias=False),
        nn.Flatten(),
        nn.BatchNorm1d(5 * 9 * 13),
        nn.Linear(5 * 9 * 13, 10),
        nn.LayerNorm(10),
        nn.Linear(10, 3, bias=False),
    )
    for part in net.modules():
        if isinstance(part, (nn.BatchNorm2d, nn.BatchNorm1d, nn.GroupNorm, nn.LayerNorm)):
            for name, numbers in [*part.named_parameters(), *part.named_buffers()]:
                if name != "num_batches_tracked":
                    nn.init.uniform_(numbers, 0.5, 1.5)
    return net.eval()


def ours():
    return models.Sequential(
        [
            layers.Input((7, 8, 4)),
            layers.Conv2D(8, (3, 2), groups=2, name="0"),
            layers.BatchNormalization(epsilon=1e-5, name="1"),
            layers.PReLU(shared_axes=[1, 2], name="2"),
            layers.Conv2DTranspose(6, 3, strides=2, name="3"),
            layers.DepthwiseConv2D(3, depth_multiplier=2, name="4"),
            layers.GroupNormalization(3, epsilon=1e-5, name="5"),
            layers.Conv2D(5, 1, use_bias=False, name="6"),
            layers.Flatten(),
            layers.BatchNormalization(epsilon=1e-5, name="8"),
            layers.Dense(10, name="9"),
            layers.LayerNormalization(epsilon=1e-5, name="10"),
            layers.Dense(3, use_bias=False, name="11"),
        ]
    )


FORMS = {"archive": {}, "pickles": {"_use_new_zipfile_serialization": False}, "protocol 4": {"pickle_protocol": 4}}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kept", ["alone", "in a checkpoint", "parallel", "parameters"])
def test_outputs_are_pytorchs(tmp_path, form, kept):
    net, model = network(), ours()
    state = net.state_dict()
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.zeros(2, 4, 7, 8)).sum().backward()
    optimizer.step()
    if kept == "in a checkpoint":
        state = {"epoch": 3, "optimizer": optimizer.state_dict(), "state_dict": state, "lr": 0.5, "none": None}
    elif kept == "parallel":
        state = nn.DataParallel(net).state_dict()
    elif kept == "parameters":
        state = dict(net.named_parameters()) | dict(net.named_buffers())
    torch.save(state, tmp_path / "net.pth", **FORMS[form])
    model.load_weights(tmp_path / "net.pth")
    x = RNG.random((2, 7, 8, 4), np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()).numpy()
    np.testing.assert_allclose(model(x).numpy(), expected, rtol=1e-4, atol=1e-5)


DTYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.mark.parametrize("form", FORMS)
def test_every_dtype_and_view(tmp_path, form):
    base = {d: (torch.rand(3, 4, 5) * 9).to(getattr(torch, d)) for d in DTYPES}
    views = {f"{d} {n}": v for d, t in base.items() for n, v in {"turned": t.permute(2, 0, 1), "cut": t[1:, ::2, 3], "one": t[0, 0, 0]}.items()}  # fmt: skip
    last = torch.rand(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    state = {**base, **views, "last": last, "empty": torch.zeros(0, 3), "size": last.shape, "dtype": torch.float16}
    torch.save(state, tmp_path / "s.pt", **FORMS[form])
    got = read_torch(tmp_path / "s.pt")
    assert list(got) == [name for name, t in state.items() if isinstance(t, torch.Tensor)]
    for name, a in got.items():
        expected = state[name].float() if state[name].dtype == torch.bfloat16 else state[name]
        np.testing.assert_array_equal(a, expected.numpy())


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_state_dict(tmp_path, form):
    path = tmp_path / "s.pt"
    torch.save(network(), path, **FORMS[form])
    with pytest.raises(FileFormatError, match=r"asks for 'torch\.nn\.modules\.container\.Sequential'.*state_dict\(\)"):
        read_torch(path)
    torch.save(torch.zeros(3), path, **FORMS[form])
    with pytest.raises(FileFormatError, match="holds no state dict but a StoredTensor"):
        read_torch(path)
    torch.save({"w": torch.zeros(3).expand(4, 3)}, path, **FORMS[form])
    with pytest.raises(FileFormatError, match="overlapping strides"):
        read_torch(path)
    torch.save({"w": torch.eye(3).to_sparse()}, path, **FORMS[form])
    with pytest.raises(FileFormatError, match="_rebuild_sparse_tensor"):
        read_torch(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript(tmp_path):
    torch.jit.trace(nn.Linear(2, 3), torch.zeros(1, 2)).save(str(tmp_path / "s.pt"))
    with pytest.raises(FileFormatError, match="TorchScript program"):
        read_torch(tmp_path / "s.pt")


def test_squeezenet_beside_onnxruntime(tmp_path):
    """SqueezeNet: the logits of ONNX Runtime and ours, from the same file."""
    runtime = pytest.importorskip("onnxruntime")
    path = Path(os.environ.get("FASTCNN_DATA") or "", "onnx", "squeezenet11_torchvision_fp32.onnx")
    if not path.is_file():
        pytest.skip("FASTCNN_DATA has no onnx/squeezenet11_torchvision_fp32.onnx")
    from fastcnn.applications import SqueezeNet

    model = SqueezeNet(weights=path, classifier_activation=None)
    x = RNG.standard_normal((2, 224, 224, 3)).astype("float32")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(x.transpose(0, 3, 1, 2))})[0]
    got = model(x).numpy()
    print(f"\n    largest difference {np.abs(got - expected).max():.1e} of {np.abs(expected).max():.1f}")
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


PUBLISHED = [
    ("alexnet", "AlexNet", 96),
    ("resnet18", "ResNet18", 64),
    ("vgg11_bn", "VGG11_BN", 32),
    ("googlenet", "GoogLeNet", 96),
    ("inception_v3", "InceptionV3", 107),
    ("mobilenet_v2", "MobileNetV2", 64),
    ("squeezenet1_0", "SqueezeNet", 64),
    ("densenet121", "DenseNet121", 64),
]


@pytest.mark.parametrize(("theirs", "name", "size"), PUBLISHED, ids=[theirs for theirs, *_ in PUBLISHED])
def test_files_of_torchvision(tmp_path, theirs, name, size):
    """Auxiliary heads are in the files, too; a model without the top takes what it needs."""
    nets = pytest.importorskip("torchvision.models")
    from fastcnn import applications

    torch.manual_seed(0)
    helpers = {"init_weights": False} if theirs in ("googlenet", "inception_v3") else {}
    net = getattr(nets, theirs)(weights=None, **helpers)
    for part in net.modules():
        if isinstance(part, nn.BatchNorm2d):
            for numbers in (part.weight, part.running_var):
                nn.init.uniform_(numbers, 0.5, 1.5)
        elif isinstance(part, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(part.weight)
    if helpers:
        net.transform_input = True  # as torchvision does where it loads the published files
    net.eval()
    path = tmp_path / f"{theirs}-01234567.pth"
    torch.save(net.state_dict(), path, _use_new_zipfile_serialization=name in ("AlexNet", "ResNet18"))
    more = {"version": "1.0"} if name == "SqueezeNet" else {}
    shape = (size, size, 3)
    model = getattr(applications, name)(weights=path, input_shape=shape, classifier_activation=None, **more)
    x = RNG.random((1, *shape), np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(x).permute(0, 3, 1, 2).contiguous()).numpy()
    difference = np.abs(model(x).numpy() - expected).max() / np.abs(expected).max()
    print(f"\n    {difference:.1e}")
    assert difference < 1e-4
    assert expected.std() > 0.01 * np.abs(expected).max()  # else the bias of the last layer would be all there is
    bare = getattr(applications, name)(weights=path, input_shape=shape, include_top=False, **more)
    weights = bare.get_weights()
    assert len(weights) > 3
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=False))
