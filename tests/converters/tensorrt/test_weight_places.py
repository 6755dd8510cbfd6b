import numpy as np

from tests.converters.loading import load

weight_places = load("tensorrt", "weight_places")


def test_weights_are_found_in_the_orders_that_engines_use():
    random = np.random.default_rng(0)
    kernel = random.normal(size=(4, 3, 3, 3)).astype(np.float32)
    matrix = random.normal(size=(16, 8)).astype(np.float16)
    small = random.integers(-127, 128, (8, 16, 3, 3), np.int8)
    absent, flat = random.normal(size=(64,)).astype(np.float32), np.ones(64, np.float32)
    parts = [
        b"\0" * 40,
        kernel.transpose(0, 2, 3, 1).tobytes(),
        matrix.T.tobytes(),
        flat.tobytes(),
        bytes(4),
        small.tobytes(),
    ]
    weights = [("kernel", kernel), ("matrix", matrix), ("absent", absent), ("flat", flat), ("small", small)]
    found = weight_places.find_weights(b"".join(parts), weights)
    assert [(one.name, one.offset, one.order) for one in found] == [
        ("kernel", 40, [0, 2, 3, 1]),
        ("matrix", 40 + kernel.nbytes, [1, 0]),
        ("small", 40 + kernel.nbytes + matrix.nbytes + flat.nbytes + 4, None),
    ]
    engine = b"".join(parts)
    assert all(one.is_in(engine) for one in found)
    assert not found[0].is_in(engine.replace(b"\0" * 40, b"\0" * 48))
    assert not found[1].is_in(engine[:500])


def test_the_search_ends_after_many_places_that_only_begin_alike():
    weight = np.zeros(32, np.float32)
    weight[-1] = 1
    few, many = (b"\0" * length + weight.tobytes() for length in (160, 800))
    assert [one.offset for one in weight_places.find_weights(few, [("late", weight)])] == [160]
    # It says less then, never something wrong.
    assert weight_places.find_weights(many, [("late", weight)]) == []


def test_nothing_to_look_for():
    assert weight_places.find_weights(b"\0" * 80, []) == []
