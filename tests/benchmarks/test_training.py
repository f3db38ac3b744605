"""Tests of how the training benchmark tells the steps of a fit apart."""

from benchmarks.training import Steps


def test_steps_add_up_to_the_whole_fit() -> None:
    steps = Steps(began=10.0)
    for at, step, done in ((13.0, "factors", 1), (14.0, "factors", 2), (20.0, "replay", 1),
                           (25.0, "replay", 2)):  # fmt: skip
        steps.report(step, done, at)
    assert list(steps.seconds(end=31.0).values()) == [3.0, 1.0, 11.0, 6.0]


def test_one_unit_of_work_is_the_beginning_alone() -> None:
    steps = Steps(began=0.0)
    steps.report("factors", 1, 2.0)
    steps.report("replay", 1, 5.0)
    assert list(steps.seconds(end=6.0).values()) == [2.0, 3.0, 1.0]
