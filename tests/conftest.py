"""Fixtures of many tests: each instruction set in turn, seeded numbers; what the tests of commands read."""

import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fastcnn import _core


def pytest_configure() -> None:
    """Ctrl-C works in a job in the background of a shell too, which inherits that it is to be ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the test once on every instruction set that this CPU has."""
    before = _core.get_isa()
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(before)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261121)


@pytest.fixture(autouse=True)
def _threads_as_they_were() -> Iterator[None]:
    before = _core.get_num_threads()
    yield
    _core.set_num_threads(before)


@pytest.fixture(scope="session")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two classes with six images each, with a name that is not ASCII."""
    from pictures import folder_of_classes

    return folder_of_classes(tmp_path_factory.mktemp("data") / "Bilder ü 图", ("cat", "hund ß"), each=6)


@pytest.fixture(scope="session")
def pets_model(pets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``fastcnn train`` made of them."""
    from cli_runs import QUICK, run

    path = tmp_path_factory.mktemp("model") / "modèle.fastcnn"
    assert run("train", pets, *QUICK, "--output", path) == 0
    return path
