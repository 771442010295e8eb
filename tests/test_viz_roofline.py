"""The roofline: points where the numbers say, names that can be read."""

import subprocess
import sys

import numpy as np
import pytest

from fastcnn import viz
from fastcnn.plan.costs import Limits
from fastcnn.plan.profile import Profile

pytest.importorskip("matplotlib")

LIMITS = Limits(gflops=200.0, gbytes=20.0)


def made(steps):
    """A profile of (stage, ms, work, bytes)."""
    rows = []
    for i, (stage, ms, work, moved) in enumerate(steps):
        floor = LIMITS.floor_ms(work, moved)
        rows.append(
            {
                "step": i,
                "layer": f"layer_{i}",
                "layers": [],
                "stage": stage,
                "operation": "conv2d",
                "signature": "",
                "fused": [],
                "algorithm": "direct",
                "ms": ms,
                "flops": work,
                "work": work,
                "bytes": moved,
                "floor_ms": floor,
                "share": floor / ms,
            }
        )
    return Profile("training step", rows, LIMITS)


STEPS = [
    ("forward", 5.0, 5e8, 1e7),
    ("forward", 2.0, 1e7, 4e7),
    ("backward", 9.0, 9e8, 1e7),
    ("backward", 8.0, 8e8, 1e7),
    ("update", 1.0, 1e7, 2e7),
    ("backward", 7.0, 7e8, 1e7),
    ("backward", 3.0, 0.0, 4e7),
    ("forward", 0.001, 1.0, 1e3),
]


@pytest.fixture(scope="module")
def axes():
    figure = viz.roofline(made(STEPS))
    figure.canvas.draw()
    return figure.axes[0]


def test_points_are_the_steps(axes):
    points = {c.get_label().split(":")[0]: c for c in axes.collections}
    assert set(points) == {"forward", "backward", "update"}
    np.testing.assert_allclose(points["forward"].get_offsets()[:2], [[50, 100], [0.25, 5]])
    np.testing.assert_allclose(points["update"].get_offsets(), [[0.5, 10]])
    np.testing.assert_allclose(points["backward"].get_offsets(), [[90, 100], [80, 100], [70, 100]])
    small, large = points["forward"].get_sizes()[1], points["backward"].get_sizes()[0]
    assert small < large
    marks = [tuple(map(tuple, c.get_paths()[0].vertices)) for c in points.values()]
    assert len(set(marks)) == 3


def test_roofs(axes):
    x, y = axes.lines[0].get_data()
    assert y[0] == pytest.approx(20 * x[0]) and (x[1], y[1]) == (10.0, 200.0) and y[2] == 200.0
    texts = [t.get_text() for t in axes.texts]
    assert "P = 200 GFLOP/s" in texts and "B = 20 GB/s" in texts
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_the_legend_tells_of_what_is_not_drawn(axes):
    labels = [t.get_text() for t in axes.get_legend().get_texts()]
    assert labels == [
        "forward: 3 steps, 7.00 ms", "backward: 3 steps, 24.00 ms", "update: 1 step, 1.00 ms",
        "no arithmetic: 1 step, 3.00 ms", "below the picture: 1 step, 0.00 ms",
    ]  # fmt: skip


def test_the_dearest_are_named_and_their_numbers_apart(axes):
    (names,) = [t.get_text() for t in axes.texts if t.get_text().startswith("the dearest")]
    listed = [line for line in names.splitlines() if line[0].isdigit()]
    assert listed == ["1  layer_2", "2  layer_3", "3  layer_5", "4  layer_0", "5  layer_1"]
    assert "9.00 ms, 25.7% of all, 50% of its floor" in names
    boxes = [t.get_bbox_patch().get_window_extent() for t in axes.texts if t.get_text().isdigit()]
    assert len(boxes) == 5  # four of them at one height
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_nothing_beside_the_axes_overlaps_or_is_cut_off(axes):
    (names,) = [t for t in axes.texts if t.get_text().startswith("the dearest")]
    legend, words = axes.get_legend().get_window_extent(), names.get_window_extent()
    figure = axes.get_figure().bbox
    assert not legend.overlaps(words) and not axes.bbox.overlaps(words)
    for box in (legend, words):
        assert figure.x0 <= box.x0 and box.x1 <= figure.x1 and figure.y0 <= box.y0 and box.y1 <= figure.y1


def test_files_and_other_axes(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4))
    own = figure.subplots(1, 2)
    assert viz.roofline(made(STEPS), ax=own[0], path=tmp_path / "r.svg") is figure
    assert (tmp_path / "r.svg").stat().st_size > 1000 and not own[1].lines
    made(STEPS).save_roofline(tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes()[:4] == b"\x89PNG"


def test_what_cannot_be_drawn():
    with pytest.raises(TypeError, match="profile must be what model.profile returned, got str"):
        viz.roofline("table")
    with pytest.raises(ValueError, match="no step with arithmetic"):
        viz.roofline(made([("forward", 1.0, 0.0, 1e6)]))
    with pytest.raises(ValueError, match="path must end in one of"):
        made(STEPS).save_roofline("roof.txt")


def test_without_matplotlib_the_extra_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from fastcnn.plan.costs import Limits\n"
        "from fastcnn.plan.profile import Profile\n"
        "row = dict(step=0, stage='forward', layer='', operation='relu', algorithm='pass', ms=1.0, work=1.0, bytes=1.0)\n"
        "try: Profile('inference', [row], Limits(1.0, 1.0)).save_roofline('roof.png')\n"
        "except ImportError as error: print(error)"
    )
    made = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=300)
    assert 'pip install "fastcnn[viz]"' in made.stdout, made.stderr
