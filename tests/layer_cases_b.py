"""Normalisation, activations, regularisation, preprocessing: cases for the layer check."""

from typing import Any

Case = tuple[str, dict[str, Any], Any, dict[str, Any]]

ANY_RANK = {"no_wrong_rank": True}
BATCH_NORM = {"gamma": (3,), "beta": (3,), "moving_mean": (3,), "moving_variance": (3,)}
FIRST = {"data_format": "channels_first"}

CASES: list[Case] = [
    ("BatchNormalization", {}, (4, 5, 5, 3), {"weights": BATCH_NORM}),
    ("BatchNormalization", {"axis": 1, "momentum": 0.9}, (4, 3, 5, 4), {"weights": BATCH_NORM}),
    (
        "BatchNormalization",
        {"scale": False, "epsilon": 0.1},
        (4, 3),
        {"weights": {k: BATCH_NORM[k] for k in ("beta", "moving_mean", "moving_variance")}},
    ),
    ("BatchNormalization", {"center": False, "gamma_regularizer": "l2", "gamma_constraint": "non_neg"}, (4, 6, 3), {}),
    ("LayerNormalization", {}, (3, 4, 5), {"weights": {"gamma": (5,), "beta": (5,)}}),
    ("LayerNormalization", {"axis": [1, 2]}, (3, 4, 5), {"weights": {"gamma": (4, 5), "beta": (4, 5)}}),
    ("LayerNormalization", {"axis": 1, "scale": False}, (3, 4, 5), {"weights": {"beta": (4,)}}),
    ("GroupNormalization", {"groups": 2}, (2, 3, 3, 6), {"weights": {"gamma": (6,), "beta": (6,)}}),
    ("GroupNormalization", {"groups": -1, "axis": 1}, (2, 4, 5, 3), {"weights": {"gamma": (4,), "beta": (4,)}}),
    ("GroupNormalization", {"groups": 3, "center": False}, (2, 6), {"weights": {"gamma": (6,)}}),
    ("UnitNormalization", {}, (3, 4), {}),
    ("UnitNormalization", {"axis": [1, 2]}, (3, 4, 2), {}),
    ("Activation", {"activation": "tanh"}, (3, 4), ANY_RANK),
    ("ReLU", {}, (3, 4, 2), ANY_RANK),
    ("ReLU", {"max_value": 0.7, "negative_slope": 0.1, "threshold": 0.2}, (3, 4), ANY_RANK),
    ("LeakyReLU", {}, (3, 4), ANY_RANK),
    ("ELU", {"alpha": 0.5}, (3, 4), ANY_RANK),
    ("PReLU", {}, (3, 4), {"weights": {"alpha": (4,)}}),
    ("PReLU", {"shared_axes": [1, 2]}, (2, 3, 4, 5), {"weights": {"alpha": (1, 1, 5)}}),
    ("PReLU", {"alpha_initializer": "ones", "shared_axes": [2]}, (2, 3, 4), {"weights": {"alpha": (3, 1)}}),
    ("Softmax", {}, (3, 4), ANY_RANK),
    ("Softmax", {"axis": [1, 2]}, (3, 4, 5), ANY_RANK),
    ("Maxout", {"units": 3}, (4, 5), {"weights": {"kernel": (5, 6), "bias": (6,)}, "no_wrong_rank": True}),
    (
        "Maxout",
        {"units": 2, "num_pieces": 3, "use_bias": False},
        (2, 3, 4),
        {"weights": {"kernel": (4, 6)}, "no_wrong_rank": True},
    ),
    ("Dropout", {"rate": 0.4}, (3, 4), ANY_RANK),
    ("Dropout", {"rate": 0.4, "noise_shape": [None, 1], "seed": 5}, (3, 4), ANY_RANK),
    ("SpatialDropout1D", {"rate": 0.4}, (3, 4, 5), {}),
    ("SpatialDropout2D", {"rate": 0.4}, (3, 4, 4, 5), {}),
    ("SpatialDropout2D", {"rate": 0.4, **FIRST}, (3, 5, 4, 4), {}),
    ("AlphaDropout", {"rate": 0.3}, (3, 4), ANY_RANK),
    ("GaussianNoise", {"stddev": 0.3}, (3, 4), ANY_RANK),
    ("GaussianDropout", {"rate": 0.3}, (3, 4), ANY_RANK),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (3, 4), ANY_RANK),
    ("Rescaling", {"scale": 2.0, "offset": -1}, (2, 4, 4, 3), ANY_RANK),
    ("Rescaling", {"scale": [1.0, 2.0, 4.0], "offset": [0.0, 1.0, 2.0]}, (2, 4, 3), ANY_RANK),
    ("Normalization", {}, (3, 4), {"weights": {"mean": (4,), "variance": (4,), "count": ()}}),
    ("Normalization", {"mean": [1.0, 2.0], "variance": [4.0, 9.0], "invert": True}, (3, 5, 2), {}),
    ("Normalization", {"axis": None}, (3, 4), {"weights": {"mean": (), "variance": (), "count": ()}}),
    ("ZeroCenter", {}, (3, 4), {"weights": {"mean": (4,)}}),
    ("ZeroCenter", {"axis": [1, 3]}, (3, 4, 5, 2), {"weights": {"mean": (4, 2)}}),
    ("ZeroCenter", {"axis": None, "mean": 0.5}, (3, 4), {"weights": {}}),
    ("MeanImageSubtraction", {}, (3, 4, 5, 2), {"weights": {"mean": (4, 5, 2)}}),
    ("MeanImageSubtraction", {"mean": [[1.0, 2.0], [3.0, 4.0]]}, (3, 2, 2), {"weights": {}}),
    ("ChannelMeanSubtraction", {}, (3, 4, 5, 2), {"weights": {"mean": (2,)}}),
    ("ChannelMeanSubtraction", {"mean": [1.0, 2.0], **FIRST}, (3, 2, 4, 5), {"weights": {}}),
    ("Standardization", {}, (3, 4), {"weights": {"mean": (4,), "stddev": (4,)}}),
    ("Standardization", {"axis": 1, "mean": [1.0, 2.0], "stddev": [2.0, 4.0]}, (3, 2, 5), {"weights": {}}),
    ("PCAWhitening", {"n_components": 3}, (3, 2, 4, 1), {"weights": {"mean": (8,), "projection": (8, 3)}}),
    ("PCAWhitening", {"epsilon": 0.1, "whiten": False}, (3, 4), {"weights": {"mean": (4,), "projection": (4, 4)}}),
    ("ZCAWhitening", {"epsilon": 0.1}, (3, 2, 4, 1), {"weights": {"mean": (8,), "projection": (8, 8)}}),
]
