"""A bounded run over random Python programs, at several points of each."""

from collections import Counter

from hypothesis import HealthCheck, given, settings

from tests.generators.python_programs import PythonProgram, python_programs
from tests.sparsity.property import check_pattern


def test_random_programs():
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=14,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(python_programs())
    def run(program: PythonProgram) -> None:
        outcomes[check_pattern(program)] += 1

    run()
    assert outcomes["right"] > 0.75 * sum(outcomes.values()), outcomes
