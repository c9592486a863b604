"""Records of compiled gradients: used where nothing changed, and never where something did."""

from __future__ import annotations

import functools
import importlib.util
import json
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.faces.fingerprints import fingerprint
from gradc.faces.routes import Route

USER = '''
"""A module of a user."""

import math

import numpy as np

import helpers_of_records as helpers
from helpers_of_records import scaled

FACTOR = 3.0
OTHER = np.ones(2)


def inner(x):
    return x * FACTOR


def loss(x):
    total = 0.0
    for i in range(len(x)):
        total += inner(x[i]) * math.sin(x[i]) + scaled(x[i]) * helpers.POWER
    return total


def shifted(x, y, by=2.0):
    return (x + by) * y


def uses_array(x):
    return np.sum(OTHER * x)


def imports(x):
    from helpers_of_records import scaled as local
    return local(x)


def picked(x, i):
    return x[i] ** 2
'''
HELPERS = """
POWER = 2.0


def scaled(x):
    return x * 5.0
"""


class User:
    """A module of a user and the module that it imports, on the disk."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.texts = {"helpers_of_records": HELPERS, "user_of_records": USER}
        self.monkeypatch = monkeypatch

    def load(self) -> types.ModuleType:
        """Import both anew, as another process would."""
        for name, text in self.texts.items():
            path = self.folder / f"{name}.py"
            if not path.is_file() or path.read_text() != text:
                path.write_text(text)
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            self.monkeypatch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        return module

    def change(self, name: str, old: str, new: str) -> None:
        """Edit one of the files."""
        assert old in self.texts[name]
        self.texts[name] = self.texts[name].replace(old, new)


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setenv("GRADC_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GRADC_RECORDS")
    return User(tmp_path, monkeypatch)


X = np.array([0.5, 1.0, 2.0])


def is_recorded(derivative: Any) -> bool:
    """Whether the last call was answered by a record."""
    last = derivative._last
    return isinstance(last, Route) and last.derivative is None


def slope(factor: float, scale: float, power: float) -> Any:
    return factor * (np.sin(X) + X * np.cos(X)) + scale * power


def test_a_second_process_goes_by_the_record(user: User, tmp_path: Path) -> None:
    first, second = (gradc.grad(user.load().loss) for _ in range(2))
    np.testing.assert_allclose(first(X), slope(3.0, 5.0, 2.0))
    assert not is_recorded(first)
    (record,) = (tmp_path / "cache").glob("*.json")
    assert json.loads(record.read_text())["function"] == "loss_grad"
    np.testing.assert_array_equal(second(X), first(X))
    assert is_recorded(second)
    np.testing.assert_array_equal(second(X[:2]), first(X[:2]))


def test_what_is_asked_of_the_program_is_made_then(user: User) -> None:
    first, second = (gradc.value_and_grad(user.load().loss) for _ in range(2))
    first(X)
    second(X)
    assert is_recorded(second)
    assert second.source == first.source
    assert second.ir == first.ir
    second.check(X)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("user_of_records", "FACTOR = 3.0", "FACTOR = 4.0", (4.0, 5.0, 2.0)),
        ("user_of_records", "return x * FACTOR", "return x * FACTOR * 2", (6.0, 5.0, 2.0)),
        ("helpers_of_records", "POWER = 2.0", "POWER = 7.0", (3.0, 5.0, 7.0)),
        ("helpers_of_records", "return x * 5.0", "return x * 6.0", (3.0, 6.0, 2.0)),
    ],
)
def test_a_change_in_what_is_used_is_a_change(
    user: User, name: str, old: str, new: str, expected: tuple[float, float, float]
) -> None:
    gradc.grad(user.load().loss)(X)
    user.change(name, old, new)
    changed = gradc.grad(user.load().loss)
    np.testing.assert_allclose(changed(X), slope(*expected))
    assert not is_recorded(changed)


def test_a_name_set_anew_is_a_change(user: User) -> None:
    gradc.grad(user.load().loss)(X)
    module = user.load()
    module.FACTOR = 10.0
    changed = gradc.grad(module.loss)
    np.testing.assert_allclose(changed(X), slope(10.0, 5.0, 2.0))
    module = user.load()
    module.helpers.POWER = -1.0
    np.testing.assert_allclose(gradc.grad(module.loss)(X), slope(3.0, 5.0, -1.0))
    module = user.load()
    module.scaled = lambda x: x * 11.0
    np.testing.assert_allclose(gradc.grad(module.loss)(X), slope(3.0, 11.0, 2.0))
    module = user.load()
    unchanged = gradc.grad(module.loss)
    np.testing.assert_allclose(unchanged(X), slope(3.0, 5.0, 2.0))
    assert is_recorded(unchanged)


def test_types_and_options_have_records_of_their_own(user: User, tmp_path: Path) -> None:
    def derivatives() -> list[Callable[..., Any]]:
        shifted = user.load().shifted
        return [
            gradc.grad(shifted),
            gradc.grad(shifted, argnums=(0, 1)),
            gradc.value_and_grad(shifted, argnums=[1]),
            gradc.grad(shifted, fastmath=False),
        ]

    calls: list[tuple[Any, ...]] = [
        (2.0, 5.0),
        (2.0, 5.0, 1.0),
        (2, 5.0),
        (np.float32(2.0), np.float32(5.0)),
        (np.float32(2.0), 5.0),
    ]
    for args in calls:
        firsts, seconds = derivatives(), derivatives()
        for first, second in zip(firsts, seconds, strict=True):
            try:
                expected = first(*args)
            except gradc.GradTypeError:
                with pytest.raises(gradc.GradTypeError):
                    second(*args)
                continue
            for found in (second(*args), second(*args)):
                assert repr(found) == repr(expected)
            assert is_recorded(second)
    assert len(list((tmp_path / "cache").glob("*.json"))) > len(calls)


def test_arrays_with_axes_of_size_one_are_types_of_their_own(user: User) -> None:
    first, second = (gradc.grad(user.load().loss) for _ in range(2))
    first(X)
    second(X)
    one = np.array([0.5])
    np.testing.assert_allclose(second(one), slope(3.0, 5.0, 2.0)[:1])
    np.testing.assert_allclose(second(X[::2]), slope(3.0, 5.0, 2.0)[::2])
    np.testing.assert_allclose(second(X.astype("f4")), slope(3.0, 5.0, 2.0), rtol=1e-6)
    np.testing.assert_allclose(second(X), slope(3.0, 5.0, 2.0))


def test_errors_name_the_users_line(user: User) -> None:
    first, second = (gradc.grad(user.load().picked) for _ in range(2))
    first(X, 1)
    second(X, 1)
    assert is_recorded(second)
    messages = []
    for each in (first, second):
        with pytest.raises(IndexError, match="index 7 is out of range for size 3") as caught:
            each(X, 7)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "user_of_records.py:" in messages[0]


def test_a_damaged_record_or_module_is_made_anew(user: User, tmp_path: Path) -> None:
    gradc.grad(user.load().loss)(X)
    cache = tmp_path / "cache"
    (record,), (module,) = cache.glob("*.json"), cache.glob("*.py")
    for path, content in ((record, b"{"), (record, b"{}"), (module, b"def loss_grad(x): return 0")):
        path.write_bytes(content)
        again = gradc.grad(user.load().loss)
        np.testing.assert_allclose(again(X), slope(3.0, 5.0, 2.0))
        assert not is_recorded(again)
    module.unlink()
    np.testing.assert_allclose(gradc.grad(user.load().loss)(X), slope(3.0, 5.0, 2.0))


def test_what_cannot_be_told_has_no_record(user: User, tmp_path: Path) -> None:
    module = user.load()
    assert fingerprint(module.loss) is not None
    assert fingerprint(module.uses_array) is None
    assert fingerprint(module.imports) is None
    assert fingerprint(functools.partial(module.shifted, by=1.0)) is None
    assert fingerprint(gradc.stop_gradient) is not None
    module.helpers.__getattr__ = lambda name: 1.0
    assert fingerprint(module.loss) is None
    del module.helpers.__getattr__
    gradc.grad(module.uses_array)(X[:2])
    gradc.grad(module.loss, cache=False)(X)
    gradc.grad(module.shifted)(2.0, 5.0, by=1.0)
    assert not list((tmp_path / "cache").glob("*.json"))


def test_closures_are_told_by_what_they_hold() -> None:
    def scaled_by(factor: Any) -> Callable[[float], float]:
        def scaled(x: float) -> float:
            return float(x * factor)

        return scaled

    two, also_two, three = scaled_by(2.0), scaled_by(2.0), scaled_by(3.0)
    assert fingerprint(two) == fingerprint(also_two)
    assert fingerprint(two) != fingerprint(three)
    assert fingerprint(scaled_by(2)) != fingerprint(two)
    assert fingerprint(scaled_by(np.ones(2))) is None
    assert fingerprint(lambda x: x) != fingerprint(lambda x: x)


def test_gradc_is_loaded_without_what_only_some_functions_need() -> None:
    heavy = ["numba", "scipy", "sympy", "pydantic", "rich", "jinja2", "matplotlib", "numpy.testing"]
    code = f"import sys; from gradc import grad; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SECOND = """
import sys
import numpy as np
import user_of_records
from gradc import grad
found = grad(user_of_records.loss)(np.array([0.5, 1.0, 2.0]))
print(*[name for name in ("gradc.driver", "gradc.frontend", "optree") if name in sys.modules])
print(found.tolist())
"""


def test_a_gradient_from_the_disk_loads_no_compiler(user: User) -> None:
    user.load()
    printed = [
        subprocess.run(
            [sys.executable, "-c", SECOND],
            cwd=user.folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert printed[0][0] == "gradc.driver gradc.frontend optree"
    assert printed[1][0] == ""
    assert printed[0][1] == printed[1][1]
