"""Files appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gradc_runtime.files import UnsafePathError, write_atomically


def test_makes_and_replaces(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    assert write_atomically(target, b"one") == target
    assert write_atomically(str(target), b"two") == target
    assert target.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [target]


def test_permissions(tmp_path: Path) -> None:
    fresh = write_atomically(tmp_path / "fresh", b"")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o666 & ~umask
    fresh.chmod(0o600)
    write_atomically(fresh, b"secret")
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o600


@pytest.mark.parametrize("dangling", [False, True])
def test_refuses_a_symbolic_link(tmp_path: Path, dangling: bool) -> None:
    real = tmp_path / "real"
    if not dangling:
        real.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(real)
    with pytest.raises(UnsafePathError, match="link: is a symbolic link; name the file itself"):
        write_atomically(link, b"new")
    assert link.is_symlink()
    assert real.exists() is not dangling
    assert dangling or real.read_bytes() == b"old"


def test_refuses_a_folder_and_a_pipe(tmp_path: Path) -> None:
    with pytest.raises(UnsafePathError, match="is a folder"):
        write_atomically(tmp_path, b"")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UnsafePathError, match="not a regular file"):
        write_atomically(pipe, b"")


def test_missing_folder_names_the_target(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "a.bin"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(target, b"")
    assert caught.value.filename == str(target)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    target = write_atomically(tmp_path / "a.bin", b"old")

    def fail(descriptor: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_name_as_long_as_can_be(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 255)
    write_atomically(target, b"x")
    assert target.read_bytes() == b"x"
