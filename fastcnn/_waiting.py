"""Loads the extension module with OpenMP's threads told to give up soon when they wait.

GNU's OpenMP lets a thread that waits for the others spin for about a millisecond before it sleeps. That is good for
nothing here (a kernel's threads end together) and ruinous where another process wants the cores: training beside one
was seven times slower. What the user has set stays.
"""

import os

SPINS = "1000"  # some microseconds

if "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ:
    from fastcnn import _core
else:
    os.environ["GOMP_SPINCOUNT"] = SPINS  # read once, while OpenMP is loaded
    try:
        from fastcnn import _core  # noqa: F401
    finally:
        del os.environ["GOMP_SPINCOUNT"]
