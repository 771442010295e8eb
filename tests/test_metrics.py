"""Metrics: Keras's values, exact counts, names, configs, messages."""

import json

import numpy as np
import pytest
from loss_metric_cases import FROZEN, B, H, I, P, Q, metric_values
from loss_metric_cases import metrics as metric_cases

from fastcnn import losses, metrics
from fastcnn.naming import forget_names

VALUES = json.loads(FROZEN.read_text())["metrics"]


@pytest.mark.parametrize(
    ("case", "expected"), list(zip(metric_cases(), VALUES, strict=True)), ids=[f"{c[0]}-{c[1]}" for c in metric_cases()]
)
def test_keras_values(case, expected):
    for got, want in zip(metric_values(lambda n: getattr(metrics, n), case), expected, strict=True):
        assert np.shape(got) == np.shape(want)
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("case", metric_cases(), ids=[f"{c[0]}-{c[1]}" for c in metric_cases()])
def test_config_round_trip(case):
    metric = getattr(metrics, case[0])(**case[1])
    config = json.loads(json.dumps(metrics.serialize(metric)))
    again = metrics.deserialize(config)
    assert type(again) is type(metric) and again.get_config() == metric.get_config()
    assert float(np.sum(again(case[2], case[3]).numpy())) == float(np.sum(metric(case[2], case[3]).numpy()))


def test_mean_as_keras_weighs_it():
    m = metrics.Mean()
    m.update_state([[1.0, 2.0], [3.0, 5.0]])
    m.update_state([1.0, 2.0], sample_weight=[1.0, 0.5])
    m.update_state(4.0)
    assert np.isclose(float(m.result()), (1.5 + 4 + 1 + 1 + 4) / (2 + 1.5 + 1))
    m.reset_state()
    assert float(m.result()) == 0.0


def test_counts_stay_exact_beyond_float32():
    m = metrics.Sum()
    m.update_state([2.0**24])
    m.update_state([1.0])
    assert m.total.dtype == "float64" and m.total.item() == 2**24 + 1


def test_names_count_up_where_none_is_given():
    forget_names()
    assert [metrics.AUC().name, metrics.AUC().name, metrics.AUC(name="a").name] == ["auc", "auc_1", "a"]
    forget_names()


@pytest.mark.parametrize(
    ("t", "p", "kind"),
    [
        ((None, 1), (None, 1), metrics.BinaryAccuracy),
        ((None,), (None, 1), metrics.BinaryAccuracy),
        ((None, 3), (None, 3), metrics.CategoricalAccuracy),
        ((None,), (None, 3), metrics.SparseCategoricalAccuracy),
        ((None, 1), (None, 3), metrics.SparseCategoricalAccuracy),
    ],
)
def test_accuracy_by_shapes(t, p, kind):
    found = metrics.get_accuracy(t, p, "acc")
    assert type(found) is kind and found.name == "acc"
    assert metrics.get_crossentropy(t, p) == kind.__name__.removesuffix("Accuracy").replace("eC", "e_C").lower() + (
        "_crossentropy"
    )


def test_every_sample_counts_once_in_any_batch():
    whole, parts = metrics.CategoricalAccuracy(), metrics.CategoricalAccuracy()
    whole.update_state(H, P)
    for part in (slice(0, 1), slice(1, 4)):
        parts.update_state(H[part], P[part])
    assert float(whole.result()) == float(parts.result()) == 0.5


def test_auc_is_the_share_of_pairs_in_order(rng):
    t, p = rng.integers(0, 2, 400), np.round(rng.random(400), 2).astype(np.float32)
    pairs = p[t == 1][:, None] - p[t == 0][None]
    share = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert abs(float(metrics.AUC(num_thresholds=2001)(t, p)) - share) < 1e-4


def test_binary_accuracy_of_logits():
    metric = metrics.BinaryAccuracy(threshold=0.0)
    assert float(metric([1, 1, 0, 0], [0.2, 3.0, -2.0, 0.1])) == 0.75
    assert float(metrics.BinaryAccuracy.from_config(metric.get_config())([1], [0.2])) == 1


def test_confusion_matrix_of_labels_one_hot_and_outputs():
    expected = [[1, 0, 0], [0, 1, 1], [1, 0, 0]]
    for t in (I, H, H.astype(bool)):
        for p in (P, P.argmax(1)):
            assert metrics.confusion_matrix(t, p).tolist() == expected
    m = metrics.ConfusionMatrix(3)
    m.update_state(I[:2], P[:2])
    m.update_state(I[2:], P[2:])
    assert m.result().numpy().tolist() == expected
    assert metrics.confusion_matrix(B, Q).tolist() == [[1, 1], [1, 1]]


def test_classification_report():
    report = metrics.classification_report(I, P, ["a", "b", "c"])
    assert report["a"] == {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "support": 1}
    assert report["b"]["recall"] == 0.5 and report["c"]["f1"] == 0.0 and report["accuracy"] == 0.5


def test_mean_iou():
    m = metrics.MeanIoU(3, ignore_class=2)
    assert np.isclose(float(m(I, P.argmax(1))), (1 + 0.5 + 0) / 3)


def test_iou_ids_must_exist():
    with pytest.raises(ValueError, match=r"target_class_ids must be integers from 0 to 2, got \[3\]"):
        metrics.IoU(3, [3])
    with pytest.raises(ValueError, match=r"target_class_ids must be integers from 0 to 1, got \(-1,\)"):
        metrics.BinaryIoU((-1,))


@pytest.mark.parametrize("name", ["IoU", "OneHotIoU", "BinaryIoU", "MeanIoU", "OneHotMeanIoU"])
def test_iou_comes_back_from_its_config(name):
    arguments = {
        "BinaryIoU": {"threshold": 0.25},
        "IoU": {"target_class_ids": [1]},
        "OneHotIoU": {"target_class_ids": [1]},
    }
    words = {} if name == "BinaryIoU" else {"num_classes": 2, "axis": 1}
    metric = getattr(metrics, name)(**words, **arguments.get(name, {}))
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric) and again.get_config() == metric.get_config()


def test_the_losses_functions_are_metrics_too():
    assert metrics.mean_squared_error is losses.mean_squared_error
    assert metrics.sparse_categorical_crossentropy is losses.sparse_categorical_crossentropy


def test_names():
    for alias in (
        "mse",
        "MAE",
        "mape",
        "msle",
        "bce",
        "AUC",
        "auc",
        "precision",
        "Recall",
        "top_k_categorical_accuracy",
    ):
        assert metrics.get(alias) is not None
    assert callable(metrics.get("huber"))
    with pytest.raises(ValueError, match="Did you mean"):
        metrics.get("presicion")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.CategoricalAccuracy()(I, P), "there is sparse_categorical_accuracy"),
        (lambda: metrics.SparseCategoricalAccuracy()(H, P), "is categorical_accuracy"),
        (lambda: metrics.BinaryAccuracy()(H, Q), r"same shape, got \(4, 3\) and \(4, 1\)"),
        (lambda: metrics.BinaryAccuracy(threshold=np.nan), "threshold must be a finite number, got nan"),
        (lambda: metrics.Precision(thresholds=1.5), "thresholds must lie between 0 and 1, got 1.5"),
        (lambda: metrics.Precision(class_id=3)(H, P), "class_id .* got 3"),
        (lambda: metrics.Recall()(B, Q, sample_weight=np.ones(3)), r"sample_weight must have shape \(4, 1\)"),
        (lambda: metrics.AUC(curve="ROK"), "curve must be 'ROC' or 'PR', got 'ROK'"),
        (lambda: metrics.AUC(summation_method="x"), "summation_method must be"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds must be greater than 1"),
        (lambda: metrics.AUC(multi_label=True)(B[:, 0], Q[:, 0]), "multi_label=True needs"),
        (lambda: metrics.F1Score("mean"), "average must be None"),
        (lambda: metrics.FBetaScore(beta=0.0), "beta must be positive"),
        (lambda: metrics.F1Score(threshold=2.0), "threshold must be above 0"),
        (lambda: metrics.F1Score()(I, P), "both have shape"),
        (lambda: metrics.R2Score("mean"), "class_aggregation must be"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors must be at least 0, got -1"),
        (lambda: metrics.R2Score()([1.0, 2.0], [1.0, 2.0]), r"must have shape \(n, outputs\), got \(2,\)"),
        (lambda: metrics.AUC(thresholds=[0.5, 1.5]), r"thresholds must lie between 0 and 1, got \[0.5, 1.5\]"),
        (lambda: metrics.top_k_categorical_accuracy(I, P), r"must be one-hot, of shape \(4, 3\), got \(4,\)"),
        (lambda: metrics.confusion_matrix([0, 1, 1], [0, 1]), "y_true holds 3 labels and y_pred 2"),
        (
            lambda: metrics.Precision(class_id=0)(B[:, 0], Q[:, 0]),
            r"class_id must be an axis-1 index .* got 0 for \(4,\)",
        ),
        (lambda: metrics.confusion_matrix([0, 5], [0, 1], 3), r"y_true: labels must lie in 0..2, got 0..5"),
        (lambda: metrics.Mean()([1.0, 2.0], sample_weight=[1.0, 2.0, 3.0]), "sample_weight: expected shape"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_a_metric_of_ones_own_must_define():
    mine = type("Mine", (metrics.Metric,), {})()
    with pytest.raises(
        NotImplementedError, match=r"Mine must define update_state\(self, y_true, y_pred, sample_weight"
    ):
        mine.update_state(1)
    with pytest.raises(NotImplementedError, match=r"Mine must define result\(self\)"):
        mine.result()


def test_of_equal_outputs_top_k_takes_the_first():
    y, even = [[0, 1, 0, 1]], [[0.5, 0.5, 0.5, 0.5]]
    assert float(metrics.Precision(top_k=2)(y, even)) == 0.5
    assert float(metrics.Recall(top_k=1)(y, even)) == 0
    assert float(metrics.Recall(top_k=7)(y, even)) == 1


@pytest.mark.parametrize(("weight", "expected"), [([1, 0], 1), ([0, 1], 0), (2.0, 0.25), ([[1], [1]], 0.25)])
def test_a_weight_for_each_map_of_classes(weight, expected):
    t = np.zeros((2, 2, 2), int)
    p = t.copy()
    p[1] = 1
    assert float(metrics.MeanIoU(2)(t, p, weight)) == expected
    assert float(metrics.MeanIoU(2, ignore_class=1)(t, p, weight)) == expected


def test_nan_is_no_answer_as_in_keras():
    t, p = np.eye(2, dtype=np.float32), np.full((2, 2), np.nan, np.float32)
    assert float(metrics.Precision()(t, p)) == float(metrics.Recall()(t, p)) == 0
    assert float(metrics.AUC()(t, np.float32([[np.nan, 0.2], [0.3, np.nan]]))) == 0
    assert float(metrics.TopKCategoricalAccuracy(k=1)(t, p)) == 0
    assert float(metrics.SparseTopKCategoricalAccuracy(k=1)([0, 1], p)) == 0
