"""The shares of the peak: what is in the groups, and that the command tells the least and the median of each."""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))  # at the end: the source tree's fastcnn may have no binaries

from bench import shares
from bench.cases import Conv


def test_groups_hold_what_their_names_say(monkeypatch):
    monkeypatch.setattr(shares, "convolution", lambda layer, n, of, **options: (layer, n, of))
    monkeypatch.setattr(shares, "product", lambda n: n)
    groups = {group.name: list(group.layers()) for group in shares.groups()}
    assert len(groups) == 12
    assert groups["matrix products"] == [1024, 2048, 4096]
    assert all(layer.kernel == 1 and n == 8 for layer, n, _ in groups["1x1 forward, batch 8"])
    assert len(groups["1x1 forward, batch 8"]) == 15
    for name, layers in groups.items():
        if "Winograd" in name:
            assert all(
                layer.kernel == 3 and layer.stride == 1 and not shares.is_direct(layer) for layer, _, _ in layers
            )
        if "maps of 7x7" in name:
            assert {layer.oh for layer, _, _ in layers} == {7, 14}
            assert all(shares.is_direct(layer) for layer, _, _ in layers)


@pytest.mark.parametrize("of", ["conv2d", "dx", "dw"])
def test_a_share_is_the_rate_over_the_peak(of, monkeypatch):
    layer = shares.convolution(Conv("small", 8, 16, 32, kernel=1, stride=2), 2, of)
    assert layer.flops == 2 * 2 * 16 * 16 * 32
    monkeypatch.setattr(shares, "turn", lambda call, seconds: [call(), 1e-6][1])
    monkeypatch.setattr(shares._core, "probe_peak", lambda threads, seconds: 65.536)
    assert shares.share(layer, 3) == shares.Share("small 1x1/2 16-32 8x8 b2", pytest.approx(0.5), pytest.approx(0.5))


def test_the_command_tells_least_and_median(monkeypatch, capsys):
    found = [shares.Share("one", 0.8, 0.9), shares.Share("two", 0.9, 0.95), shares.Share("three", 0.95, 0.97)]
    monkeypatch.setattr(shares, "measured", lambda rounds, word: iter([("all", 0.85, found)]))
    monkeypatch.setattr(sys, "argv", ["shares"])
    assert shares.main() == 0
    assert "all: least 0.80, median 0.90 (goal 0.85)" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["shares", "--json"])
    assert shares.main() == 0
    assert json.loads(capsys.readouterr().out)[0]["layers"][1] == {"name": "two", "median": 0.9, "best": 0.95}
    monkeypatch.setattr(sys, "argv", ["shares", "--rounds", "0"])
    with pytest.raises(SystemExit):
        shares.main()
    assert "--rounds must be at least 1, got 0" in capsys.readouterr().err


def test_words_choose_groups(monkeypatch):
    monkeypatch.setattr(shares, "share", lambda layer, rounds: layer.name)
    monkeypatch.setattr(shares, "product", lambda n: shares.Layer(str(n), list, 1.0))
    assert list(shares.measured(1, "matrix")) == [("matrix products", 0.92, ["1024", "2048", "4096"])]
    assert list(shares.measured(1, "no group of this name")) == []
