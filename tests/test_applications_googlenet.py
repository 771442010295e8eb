"""GoogLeNet: parameters, windows, auxiliary classifiers; against torchvision where it is installed."""

import numpy as np
import pytest
from application_checks import (
    assert_close,
    calibrate,
    check_features,
    check_torchvision,
    check_uses,
    pictures,
    torch_outputs,
    torchvision_models,
    trained,
)

from fastcnn.applications import GoogLeNet, googlenet


def test_parameters():
    model = GoogLeNet(weights=None)
    assert (trained(model), model.count_params()) == (6_624_904, 6_639_464)
    assert (model.name, model.output_shape) == ("googlenet", (None, 1000))
    assert trained(GoogLeNet(weights=None, aux_logits=True)) == 13_004_888


def test_uses(tmp_path):
    check_uses(GoogLeNet, (65, 47, 3), tmp_path)


def test_features():
    check_features(GoogLeNet, (79, 66, 3), 1024)


def test_the_last_window_may_leave_the_image():
    model = GoogLeNet(weights=None, input_shape=(224, 224, 3))
    sizes = [model.get_layer(name).output.shape[1] for name in ("conv1.relu", *(f"maxpool{i}" for i in (1, 2, 3, 4)))]
    assert sizes == [112, 56, 28, 14, 7]
    assert model.get_layer("inception3a.branch3.1.conv").kernel.shape == (3, 3, 16, 32)


def test_auxiliary_classifiers_are_trained():
    model = GoogLeNet(weights=None, input_shape=(64, 64, 3), classes=3, aux_logits=True)
    model.compile("sgd", ["sparse_categorical_crossentropy"] * 3, loss_weights=[1, 0.3, 0.3])
    before = {v.path: v.numpy().copy() for v in model.trainable_variables}
    labels = np.array([0, 2])
    model.train_on_batch(pictures((64, 64, 3)), [labels] * 3)
    assert not [v.path for v in model.trainable_variables if np.array_equal(v.numpy(), before[v.path])]


def test_auxiliary_classifiers_need_the_top():
    with pytest.raises(ValueError, match="aux_logits=True needs include_top=True"):
        GoogLeNet(weights=None, aux_logits=True, include_top=False)


def test_transform_input_undoes_torchvisions_normalisation():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 33, 40, 3)).astype("float32")
    plain = GoogLeNet(weights=None, include_top=False, transform_input=False)
    turned = GoogLeNet(weights=None, include_top=False, transform_input=True)
    calibrate(plain, (33, 40, 3))
    turned.set_weights(plain.get_weights())
    expected = plain.predict(pixels / 127.5 - 1, verbose=0)
    assert np.abs(expected[0] - expected[1]).max() > 0.1
    got = turned.predict(googlenet.preprocess_input(pixels), verbose=0)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4 * expected.max())
    with pytest.raises(ValueError, match="3 channels, got shape"):
        GoogLeNet(weights=None, input_shape=(64, 64, 1), transform_input=True)


@pytest.mark.parametrize("transform", [False, True])
@pytest.mark.parametrize("shape", [(97, 81, 3), (224, 224, 3)])
def test_torchvision_gives_the_same(shape, transform):
    settings = {"aux_logits": False, "transform_input": transform, "init_weights": False}
    theirs = torchvision_models().googlenet(weights=None, **settings)
    check_torchvision(GoogLeNet, shape, theirs, transform_input=transform)


def test_torchvision_gives_the_same_in_auxiliary_classifiers():
    theirs = torchvision_models().googlenet(weights=None, aux_logits=True, init_weights=False)
    model = GoogLeNet(weights=None, classifier_activation=None, aux_logits=True)
    calibrate(model)
    x = pictures((224, 224, 3))
    ours = model.predict(x, verbose=0)
    torch_outputs(theirs, model, x)
    import torch

    theirs.train()
    for module in theirs.modules():
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.Dropout)):
            module.eval()
    with torch.no_grad():
        main, aux2, aux1 = theirs(torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))))
    for mine, other in zip(ours, (main, aux2, aux1), strict=True):
        assert_close(mine, other.numpy(), "torchvision GoogLeNet with auxiliary classifiers")
