"""Random numbers are a function of seed and counter: seeds, generators, keys, threads."""

import copy
import pickle
import threading

import numpy as np
import pytest
from oprules import precise

import fastcnn
from fastcnn import Sequential, kernels, layers, ops, random
from fastcnn.tensor import Tensor

SAMPLERS = {
    "normal": lambda seed: random.normal((3, 4), 1.0, 2.0, seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((3, 4), seed=seed),
    "uniform": lambda seed: random.uniform((3, 4), -1.0, 1.0, seed=seed),
    "randint": lambda seed: random.randint((3, 4), 0, 1000, seed=seed),
    "shuffle": lambda seed: random.shuffle(np.arange(50.0), seed=seed),
    "dropout": lambda seed: random.dropout(np.ones((9, 9)), 0.5, seed=seed),
}
FROZEN_INTEGERS = [75, 79, 0, 25]
FROZEN_NORMAL = [0.0002915675, 0.3764035, 3.190351]
FROZEN_SEEDS = [1952479789, 2126179728, 1898174297]


@pytest.fixture(autouse=True)
def _global_seed_as_it_was():
    before = random.global_state()
    yield
    random.set_global_state(*before)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_seed_gives_the_same_numbers_each_time(name):
    sample = SAMPLERS[name]
    first, again, other = sample(1).numpy(), sample(1).numpy(), sample(2).numpy()
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(first, sample(np.int64(1)).numpy())


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_generator_gives_new_numbers_each_time(name):
    sample = SAMPLERS[name]
    one, two = random.SeedGenerator(1), random.SeedGenerator(1)
    first, second = sample(one).numpy(), sample(one).numpy()
    assert not np.array_equal(first, second)
    assert np.array_equal(first, sample(two).numpy()) and np.array_equal(second, sample(two).numpy())
    assert one.state.numpy().tolist() == [1, 2]


@pytest.mark.parametrize("name", SAMPLERS)
def test_without_a_seed_the_global_one_decides(name):
    sample = SAMPLERS[name]
    random.set_global_seed(5)
    first, second = sample(None).numpy(), sample(None).numpy()
    random.set_global_seed(5)
    assert np.array_equal(first, sample(None).numpy()) and np.array_equal(second, sample(None).numpy())
    assert not np.array_equal(first, second)


def test_a_key_is_a_seed():
    key = Tensor(np.array([4, 1], np.int64))
    generator = random.SeedGenerator(4)
    generator.next()
    assert np.array_equal(random.normal((5,), seed=key).numpy(), random.normal((5,), seed=generator).numpy())
    with pytest.raises(ValueError, match=r"a key has shape \(2,\), got a tensor of shape \(3,\)"):
        random.normal((5,), seed=Tensor(np.zeros(3, np.int64)))


def test_the_numbers_do_not_change():
    """They are in files, in a manner of speaking: a seed written down must go on to mean the same."""
    assert random.randint((4,), 0, 100, seed=7).numpy().tolist() == FROZEN_INTEGERS
    np.testing.assert_allclose(random.normal((3,), seed=7).numpy(), FROZEN_NORMAL, rtol=1e-6)
    random.set_global_seed(7)
    assert [random.draw_seed() for _ in range(3)] == FROZEN_SEEDS


def test_draw_seed_is_a_sequence():
    random.set_global_seed(1)
    seeds = [random.draw_seed() for _ in range(1000)]
    assert len(set(seeds)) == 1000 and all(0 <= seed < 2**31 for seed in seeds)
    random.set_global_seed(1)
    assert [random.draw_seed() for _ in range(1000)] == seeds
    random.set_global_seed(2)
    assert random.draw_seed() != seeds[0]


def test_global_state_goes_on_where_it_was_taken():
    random.set_global_seed(3)
    random.draw_seed()
    saved = random.global_state()
    assert saved == (3, 1)
    following = random.draw_seed()
    random.set_global_seed(None)
    assert random.global_state() == (None, 0)
    random.draw_seed()
    seed, drawn = random.global_state()
    assert seed is not None and seed >= 0 and drawn == 1
    random.set_global_state(*saved)
    assert random.draw_seed() == following


def test_set_random_seed_sets_it():
    fastcnn.utils.set_random_seed(11)
    first = random.draw_seed()
    random.set_global_seed(11)
    assert random.draw_seed() == first


def test_generator_state_and_config():
    generator = random.SeedGenerator(9, name="mine")
    assert generator.name == "mine" and random.SeedGenerator(9).name == "seed_generator"
    assert generator.state.dtype == "int64" and generator.state.shape == (2,) and not generator.state.trainable
    assert [generator.next().numpy().tolist() for _ in range(2)] == [[9, 0], [9, 1]]
    assert generator.next(ordered=False).numpy().tolist() == [9, 2]
    assert generator.get_config() == {"seed": 9}
    assert random.SeedGenerator.from_config(generator.get_config()).state.numpy().tolist() == [9, 0]
    generator.state.assign([9, 100])
    assert generator.next().numpy().tolist() == [9, 100]
    for twin in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))):
        assert twin.next().numpy().tolist() == [9, 101]
    assert generator.next().numpy().tolist() == [9, 101]


def test_a_generator_without_a_seed_draws_one():
    random.set_global_seed(1)
    expected = random.draw_seed()
    random.set_global_seed(1)
    generator = random.SeedGenerator()
    assert generator.state.numpy().tolist() == [expected, 0]
    assert generator.get_config() == {"seed": None}


def test_a_key_is_no_view_of_the_state():
    generator = random.SeedGenerator(1)
    key = generator.next()
    generator.next()
    assert key.numpy().tolist() == [1, 0]


def test_dropout_is_a_function_of_its_key():
    key = np.array([3, 5], np.int64)
    x = np.arange(1.0, 101.0).reshape(10, 10)
    y = ops.dropout(x, 0.5, key).numpy()
    assert np.array_equal(y, ops.dropout(x, 0.5, key).numpy())
    assert not np.array_equal(y, ops.dropout(x, 0.5, np.array([3, 6])).numpy())
    assert set(np.unique(y / x)) == {0.0, 2.0}
    with precise():
        assert np.array_equal(y, ops.dropout(x, 0.5, key).numpy())
    maps = ops.dropout(np.ones((4, 5, 6)), 0.5, key, (4, 1, 6)).numpy()
    assert (maps == maps[:, :1]).all() and set(np.unique(maps)) == {0.0, 2.0}
    with pytest.raises(ValueError, match=r"noise_shape must be the shape of x, \(10, 10\), or .* got \(10, 1\)"):
        ops.dropout(x, 0.5, key, (10, 1))
    assert np.array_equal(ops.dropout(x, 0.0, key).numpy(), x)


def test_float64_mode_draws_the_same_numbers():
    single = random.uniform((100,), seed=1)
    with precise():
        double = random.uniform((100,), seed=1)
    assert single.dtype == "float32" and double.dtype == "float64"
    np.testing.assert_allclose(single.numpy(), double.numpy(), atol=1e-6)


def test_dtypes_and_shapes():
    assert random.normal(3, seed=1).shape == (3,)
    assert random.normal((), seed=1).shape == ()
    assert random.normal((2, 0), seed=1).shape == (2, 0)
    assert random.uniform((2,), dtype="float64", seed=1).dtype == "float64"
    assert random.normal((2,), dtype="float", seed=1).dtype == "float32"
    assert random.randint(3, 0, 5, seed=1).dtype == "int32"
    assert random.randint((3,), 0, 5, dtype="int64", seed=1).dtype == "int64"
    assert np.array_equal(random.randint(3, 5, 6, seed=1).numpy(), [5, 5, 5])


def test_shuffle_moves_whole_slices():
    x = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    y = random.shuffle(x, axis=1, seed=1).numpy()
    order = kernels.permutation(4, 1, 0)
    assert np.array_equal(y, x[:, order]) and not np.array_equal(y, x)


@pytest.mark.parametrize("name", ["normal", "uniform", "dropout", "shuffle"])
def test_a_program_draws_anew_each_time_where_no_seed_is_given(name):
    draw = {"dropout": lambda x: random.dropout(x, 0.5), "shuffle": random.shuffle}.get(
        name, lambda x: getattr(random, name)((8, 4))
    )
    model = Sequential([layers.Input((4,)), layers.Lambda(draw)])
    x = np.arange(32.0).reshape(8, 4)
    first, *others = [model.predict(x, verbose=0) for _ in range(5)]
    assert any(not np.array_equal(first, other) for other in others)


def test_threads_never_get_the_same_key_or_seed():
    generator, keys, seeds = random.SeedGenerator(1), [], []

    def draw():
        for _ in range(500):
            keys.append(tuple(generator.next().numpy().tolist()))
            seeds.append(random.draw_seed())

    random.set_global_seed(1)
    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys) == [(1, i) for i in range(2000)]
    random.set_global_seed(1)
    assert sorted(seeds) == sorted(random.draw_seed() for _ in range(2000))


@pytest.mark.parametrize("seed", [True, False, np.True_, -1, 2**63, 1.0, "1"])
def test_no_seed(seed):
    message = r"seed must be None or an integer from 0 to 2\*\*63 - 1, got "
    with pytest.raises(ValueError, match=message):
        random.set_global_seed(seed)
    with pytest.raises(ValueError, match=message):
        random.SeedGenerator(seed)
    with pytest.raises((ValueError, TypeError), match="seed must be None"):
        random.normal((1,), seed=seed)
    with pytest.raises((ValueError, TypeError), match="seed must be None"):
        random.dropout([1.0], 0.5, seed=seed)


def test_the_largest_seed():
    assert random.SeedGenerator(2**63 - 1).next().numpy().tolist() == [2**63 - 1, 0]
    assert random.normal((1,), seed=2**63 - 1).shape == (1,)


def test_unknown_argument():
    with pytest.raises(TypeError, match="SeedGenerator got an unknown argument 'sed'"):
        random.SeedGenerator(sed=1)
    with pytest.raises(TypeError, match="seed must be None, an integer of 0 or more or a SeedGenerator, got 1.5"):
        random.uniform((1,), seed=1.5)
