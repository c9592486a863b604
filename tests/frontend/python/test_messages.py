"""Strings that are put together: messages of exceptions, and f-strings of constants."""

import pytest

import gradc

SCALE = 1.5


def checked(x, n):
    if x > 5.0:
        raise ValueError(f"{SCALE:.2f}: {x:.3f} at step {n + 1} of " + f"{'all'!r}")
    assert n < 5, f"n is {n}"
    if n < 0:
        raise IndexError("n " + "is negative")
    return x * (f"{SCALE:>6.2f}|{'a'!r}|{3:03d}|{SCALE}" == "  1.50|'a'|003|1.5")


def test_formats_of_constants():
    assert gradc.grad(checked, target="python")(2.0, 1) == 1.0


@pytest.mark.parametrize(
    ("args", "kind", "message"),
    [
        ((6.0, 1), ValueError, "1.50: {x} at step {n + 1} of 'all'"),
        ((1.0, 7), AssertionError, "n is {n}"),
        ((1.0, -1), IndexError, "n is negative"),
    ],
)
@pytest.mark.parametrize("target", ["python", "cpu"])
def test_values_of_the_run_stand_by_their_names(args, kind, message, target):
    with pytest.raises(kind) as caught:
        gradc.grad(checked, target=target)(*args)
    assert str(caught.value) == message
