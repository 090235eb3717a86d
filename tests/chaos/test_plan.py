"""The plan of an exercise: the same seed gives the same, everything that must occur occurs."""

import pytest

from tests.chaos.faults import LANES
from tests.chaos.plan import FATES, FAULTS, SHORT_JOBS, make_plan


def test_the_same_seed_gives_the_same_plan_and_another_gives_another() -> None:
    assert make_plan(7, 500).document() == make_plan(7, 500).document()
    assert make_plan(7, 500).document() != make_plan(8, 500).document()


@pytest.mark.parametrize("seed", range(5))
def test_a_full_exercise_has_the_separate_jobs_several_mixed_arrays_and_every_kind_of_fault(seed: int) -> None:
    plan = make_plan(seed, 500)
    sizes = [len(one.tasks) for one in plan.submissions if one.batch]
    assert sum(not one.batch for one in plan.submissions) == 500
    assert len(sizes) >= 4
    assert len(set(sizes)) > 1
    assert {fault.kind for fault in plan.faults} == set(FAULTS)
    assert sum(fault.kind == "cut" and fault.lasts_s == 60 for fault in plan.faults) >= 1
    assert {task.fate for one in plan.submissions for task in one.tasks} == set(FATES)


def test_a_short_exercise_has_sixty_jobs_and_a_fault_of_each_kind_but_the_slow_one() -> None:
    plan = make_plan(1, SHORT_JOBS, short=True)
    assert plan.tasks == 60
    kinds = [fault.kind for fault in plan.faults]
    assert sorted(kinds) == sorted(set(FAULTS) - {"mariadb"})


def test_tasks_are_numbered_once_each_and_submitted_in_order_of_time() -> None:
    plan = make_plan(3, 60)
    numbers = [task.number for one in plan.submissions for task in one.tasks]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert [one.at for one in plan.submissions] == sorted(one.at for one in plan.submissions)


def test_every_fault_belongs_to_a_lane() -> None:
    assert set(LANES) == set(FAULTS)
