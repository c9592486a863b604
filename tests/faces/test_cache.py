"""The cache of generated modules: private, atomic, named by content, warm in a second process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gradc import cache

SCRIPT = """
import gradc
e = gradc.compile_expression("sin(x)*y", wrt=("x",))
print(e(0.0, 2.0), sum(e.dispatcher.stats.cache_hits.values()))
"""


def test_the_folder_is_made_for_the_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "new" / "folder"))
    folder = cache.cache_folder()
    assert folder == tmp_path / "new" / "folder"
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_a_folder_open_to_others_is_not_used(tmp_path, monkeypatch):
    tmp_path.chmod(0o777)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    folder = cache.cache_folder()
    assert folder != tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
    assert cache.cache_folder() == folder


def test_a_file_where_the_folder_should_be_is_not_used(tmp_path, monkeypatch):
    path = tmp_path / "taken"
    path.write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(path))
    assert cache.cache_folder() != path


def test_the_name_is_the_content(tmp_path):
    first = cache.store_module("x = 1\n", "f", tmp_path)
    assert cache.store_module("x = 1\n", "f", tmp_path) == first
    assert cache.store_module("x = 2\n", "f", tmp_path) != first
    assert first.read_text() == "x = 1\n"
    first.write_text("damaged")
    assert cache.store_module("x = 1\n", "f", tmp_path).read_text() == "x = 1\n"
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".py", ".py"]


def test_a_second_process_compiles_nothing(tmp_path):
    environment = {**os.environ, cache.VARIABLE: str(tmp_path / "cache")}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert outputs == ["(0.0, (2.0,)) 0", "(0.0, (2.0,)) 1"]


def test_a_runtime_that_has_changed_compiles_anew(tmp_path, monkeypatch):
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    (runtime / "jit.py").write_text("x = 1\n")
    monkeypatch.setattr(cache, "_RUNTIME", runtime)
    monkeypatch.setattr(cache, "environment", cache.environment.__wrapped__)
    before = cache.module_path("text", "f", tmp_path)
    assert cache.module_path("text", "f", tmp_path) == before
    (runtime / "jit.py").write_text("x = 1 \n")
    assert cache.module_path("text", "f", tmp_path) != before
