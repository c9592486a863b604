"""The collector looks less often while programs are compiled, and as before afterwards."""

import gc
import threading

import pytest

from gradc_runtime.collector import NEW_OBJECTS, less_collecting


@pytest.fixture(autouse=True)
def _thresholds():
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_only_meanwhile():
    with less_collecting():
        assert gc.get_threshold() == (NEW_OBJECTS, 10, 10)
        with less_collecting():
            pass
        assert gc.get_threshold() == (NEW_OBJECTS, 10, 10)
    assert gc.get_threshold() == (700, 10, 10)


def test_the_last_of_two_threads_restores_it():
    inside, leave = threading.Event(), threading.Event()

    @less_collecting()
    def compiles():
        inside.set()
        leave.wait(10)

    thread = threading.Thread(target=compiles)
    with less_collecting():
        thread.start()
        inside.wait(10)
    assert gc.get_threshold()[0] == NEW_OBJECTS
    leave.set()
    thread.join()
    assert gc.get_threshold() == (700, 10, 10)


@pytest.mark.parametrize("own", [(0, 10, 10), (10 * NEW_OBJECTS, 10, 10)])
def test_what_the_user_has_switched_off_or_set_higher_stays(own):
    gc.set_threshold(*own)
    with less_collecting():
        assert gc.get_threshold() == own
    assert gc.get_threshold() == own


def test_what_is_set_meanwhile_stays():
    with less_collecting():
        gc.set_threshold(5, 5, 5)
    assert gc.get_threshold() == (5, 5, 5)
