"""Kernels: compiled when first called, found in the file cache by a second process."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from gradc_runtime.jit import FASTMATH
from gradc_runtime.loading import load

SUM = '''
"""A kernel."""

import numpy as np

from gradc_runtime.arrays import grow, wrap
from gradc_runtime.jit import kernel


@kernel("f8[::1], i8")
def total(x, n):
    s = 0.0
    for i in range(n):
        s += x[wrap(i, x.shape[0], 7)]
    return s


@kernel("f8[::1]")
def recorded(x):
    tape = np.empty(2)
    for i in range(x.shape[0]):
        tape = grow(tape, i)
        tape[i] = 2.0 * x[i]
    return tape[: x.shape[0]].copy()
'''


@pytest.fixture
def module_path(tmp_path) -> Path:
    path = tmp_path / "generated.py"
    path.write_text(SUM)
    return path


def run_python(code: str, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *args],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


CALL = """
    import sys
    import numpy as np
    from gradc_runtime.loading import load
    module = load(sys.argv[1])
    assert "numba" not in sys.modules, "loading a module must not import numba"
    assert module.total(np.arange(4.0), 4) == 6.0
    stats = module.total.dispatcher.stats
    print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def test_a_second_process_does_not_compile(module_path):
    assert run_python(CALL, str(module_path)).split() == ["0", "1"]
    assert run_python(CALL, str(module_path)).split() == ["1", "0"]


def test_the_cache_moves_with_the_file_and_serves_imports(module_path, tmp_path):
    assert run_python(CALL, str(module_path)).split() == ["0", "1"]
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for entry in (module_path, module_path.parent / "__pycache__"):
        entry.rename(moved / entry.name)
    assert run_python(CALL, str(moved / module_path.name)).split() == ["1", "0"]
    imported = """
        import sys
        sys.path.insert(0, sys.argv[1])
        import numpy as np
        import generated
        assert generated.total(np.arange(4.0), 4) == 6.0
        print(sum(generated.total.dispatcher.stats.cache_hits.values()))
    """
    assert run_python(imported, str(moved)).split() == ["1"]


def test_changed_text_is_compiled_again(module_path):
    assert run_python(CALL, str(module_path)).split() == ["0", "1"]
    module_path.write_text(SUM.replace("s = 0.0", "s = 0.5 - 0.5"))
    assert run_python(CALL, str(module_path)).split() == ["0", "1"]


def test_processes_may_compile_at_the_same_time(module_path):
    command = [sys.executable, "-c", textwrap.dedent(CALL), str(module_path)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert run_python(CALL, str(module_path)).split() == ["1", "0"]


def test_a_folder_that_cannot_be_written_to_is_no_error(module_path):
    script = """
        import os, sys
        import numpy as np
        import gradc_runtime.caching as caching
        from gradc_runtime.loading import load
        caching.can_cache = lambda function: False
        module = load(sys.argv[1])
        assert module.total(np.arange(4.0), 4) == 6.0
        print(module.total.dispatcher.stats.cache_path)
    """
    assert run_python(script, str(module_path)).split() == ["None"]
    assert not (module_path.parent / "__pycache__").exists()


def test_helpers_mean_the_same_compiled_and_not(module_path):
    module = load(module_path)
    x = np.arange(5.0)
    for call in (module.total, module.total.py_func):
        assert call(x, 5) == 10.0
        with pytest.raises(IndexError, match=r"^line 7: index 5 is out of range for size 5$"):
            call(x, 6)
    for call in (module.recorded, module.recorded.py_func):
        np.testing.assert_array_equal(call(x), 2.0 * x)


def test_one_text_is_compiled_once(module_path, tmp_path):
    copy = tmp_path / "copy.py"
    copy.write_text(SUM)
    first, second = load(module_path), load(copy)
    assert first is not second
    assert first.total.dispatcher is second.total.dispatcher


def test_threads_get_one_dispatcher(module_path):
    module = load(module_path)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(module.total.dispatcher)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_options_reach_numba(tmp_path):
    texts = {}
    for option in ("True", "False"):
        path = tmp_path / f"fastmath_{option}.py"
        path.write_text(SUM.replace('f8[::1], i8"', f'f8[::1], i8", fastmath={option}'))
        total = load(path).total
        assert not total.is_compiled
        texts[option] = total.inspect_llvm()
        assert total.is_compiled
    assert "fadd reassoc" in texts["True"]
    assert "reassoc" not in texts["False"]


def test_fastmath_keeps_nan_and_infinity(module_path):
    assert {"nnan", "ninf", "fast"}.isdisjoint(FASTMATH)
    total = load(module_path).total
    assert np.isnan(total(np.array([1.0, np.nan]), 2))
    assert total(np.array([1.0, np.inf]), 2) == np.inf


def test_a_kernel_keeps_the_name_and_doc_of_its_function(module_path):
    module = load(module_path)
    assert module.total.__name__ == "total"
    assert repr(module.total) == "<kernel total(f8[::1], i8)>"
    assert module_path.samefile(module.__file__)


def test_loading_leaves_the_modules_of_python_alone(module_path):
    before = set(sys.modules)
    module = load(module_path)
    assert set(sys.modules) == before
    assert module.__name__ == load(module_path).__name__
