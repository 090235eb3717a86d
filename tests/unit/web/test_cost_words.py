"""What a form says of the most that its jobs can use."""

import pytest

from portal.jobs.timing.estimate import Cost
from portal.web.views.start import cost_words


@pytest.mark.parametrize(
    ("cpu", "gpu", "words"),
    [
        (0.8333, 0, "At most 0.83 CPU-hours"),
        (1, 1, "At most 1 CPU-hour and 1 GPU-hour"),
        (12_345.6, 123.4, "At most 12,346 CPU-hours and 123 GPU-hours"),
    ],
)
def test_hours_are_said_in_words_that_people_read(cpu: float, gpu: float, words: str) -> None:
    assert cost_words(Cost(cpu_hours=cpu, gpu_hours=gpu)) == words
