"""Who is started again, who is given up, and when that leaves nobody who answers."""

from edgekit.serve.standing import MOST_ENDS, STEADY_SECONDS, Standing


def test_who_ends_again_and_again_is_not_started_again() -> None:
    standing, now = Standing(["0"]), 0.0
    starts = []
    for _ in range(MOST_ENDS):
        standing.proved("0", now)
        now += STEADY_SECONDS - 1
        starts.append(standing.ended("0", now))
    assert starts == [True, True, True, False]


def test_ends_of_long_ago_are_forgotten() -> None:
    standing, now = Standing(["0"]), 0.0
    for _ in range(10 * MOST_ENDS):
        standing.proved("0", now)
        now += STEADY_SECONDS
        assert standing.ended("0", now)
    # What was not proved in between counts on.
    assert [standing.ended("0", now + 2 * STEADY_SECONDS) for _ in range(3)] == [True, True, False]


def test_a_shadow_is_nobody_who_answers() -> None:
    standing = Standing(["0", "1"], shadow="1")
    standing.proved("0", 0.0)
    assert not standing.all_proved
    standing.proved("1", 0.0)
    assert standing.all_proved
    standing.give_up("0")
    assert standing.hopeless
    assert not standing.all_proved


def test_a_model_without_its_shadow_answers_on() -> None:
    standing = Standing(["0", "1"], shadow="1")
    standing.give_up("1")
    assert standing.is_given_up("1")
    assert not standing.hopeless


def test_one_that_is_being_started_again_may_still_answer() -> None:
    standing = Standing(["0", "1"])
    standing.proved("1", 0.0)
    assert standing.ended("1", 1.0)
    standing.give_up("0")
    assert not standing.hopeless
    standing.give_up("1")
    assert standing.hopeless
