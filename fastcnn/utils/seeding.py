"""One seed for everything that draws random numbers."""

import numpy as np

__all__ = ["set_random_seed"]


def set_random_seed(seed: int) -> None:
    """Seeds Python's ``random``, NumPy's and fastcnn's: the same seed gives the same training, for any thread count.

    Args:
        seed: 0 to 2**32 - 1.

    Example:
        >>> set_random_seed(1)
        >>> first = np.random.rand()
        >>> set_random_seed(1)
        >>> np.random.rand() == first
        True
    """
    import random

    from fastcnn.random import set_global_seed

    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be an integer from 0 to 2**32 - 1, got {seed!r}")
    random.seed(int(seed))
    np.random.seed(int(seed))
    set_global_seed(int(seed))
