"""Settings that every test needs."""

import os

import hypothesis
import pytest

# Plots are drawn to files only.
os.environ["MPLBACKEND"] = "Agg"

# A first call compiles, so time says nothing about an example.
hypothesis.settings.register_profile("default", deadline=None)
# The same examples on every run, so that a change is to blame for what fails.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the text that gradc makes now into the golden cases, where it is right",
    )
