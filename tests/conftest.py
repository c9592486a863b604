"""Settings that every test needs."""

import atexit
import os
import shutil
import tempfile

import hypothesis
import pytest

# Plots are drawn to files only.
os.environ["MPLBACKEND"] = "Agg"

# The user's own cache of generated modules is left alone.
os.environ["GRADC_CACHE_DIR"] = tempfile.mkdtemp(prefix="gradc-tests-")
atexit.register(shutil.rmtree, os.environ["GRADC_CACHE_DIR"], ignore_errors=True)
# A test that changes the compiler must not find what it made before.
os.environ["GRADC_RECORDS"] = "0"

# Each kernel is written to a file and flushed; no file of a test has to outlive a power failure.
os.fsync = lambda descriptor: None

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
