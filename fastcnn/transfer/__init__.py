"""Transfer learning: networks trained on one task, put to another."""

from .advice import Advice, advise
from .features import bottleneck, extract_features
from .freezing import freeze, unfreeze
from .heads import build, replace_head
from .joining import train_head
from .rates import by_depth, learning_rates
from .strategies import MODES, Outcome, Snapshot, apply, feature_extraction, fine_tuning
from .tuning import FineTuning, fine_tune

__all__ = [
    "MODES",
    "Advice",
    "FineTuning",
    "Outcome",
    "Snapshot",
    "advise",
    "apply",
    "bottleneck",
    "build",
    "by_depth",
    "extract_features",
    "feature_extraction",
    "fine_tune",
    "fine_tuning",
    "freeze",
    "learning_rates",
    "replace_head",
    "train_head",
    "unfreeze",
]
