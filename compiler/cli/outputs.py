"""Writing the files of one command: all of them or none."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from gradc.errors import GradcError


class OutputError(GradcError):
    """The files cannot be written where they were asked for."""


def write_files(folder: Path, contents: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder, which is made if missing; all of them or none.

    Every text is first written to a new folder beside its target, on the same file system; only
    when all are there are they renamed into place. When anything fails before that, everything
    made so far is removed again.

    Parameters
    ----------
    folder : Path
        Where to.
    contents : mapping
        File names without folders, and what belongs into them.

    Returns
    -------
    list of Path
        The files, in the order given.

    Raises
    ------
    OutputError
        When the folder or a target is something else, or is a symbolic link.
    OSError
        When the folder cannot be written to or the disk is full.
    """
    from gradc_runtime.files import write_atomically

    targets = {name: folder / name for name in contents}
    with made_folder(folder):
        _refuse(targets.values())
        staging = folder / f".gradc-{secrets.token_hex(6)}.tmp"
        staging.mkdir()
        try:
            for name, content in contents.items():
                data = content if isinstance(content, bytes) else content.encode("utf-8")
                write_atomically(staging / name, data)
            for name, target in targets.items():
                (staging / name).replace(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return list(targets.values())


def write_file(path: Path, content: str | bytes) -> Path:
    """Write one file, whole or not at all; its folder is made if missing.

    Raises
    ------
    OutputError, OSError
        As `write_files`.
    """
    return write_files(path.parent, {path.name: content})[0]


def check_writable(path: Path) -> None:
    """Refuse a path that cannot be written to, before the work whose result it is to hold.

    Raises
    ------
    OutputError
        When it is a symbolic link, a folder or another special file, or its folder is a file.
    """
    _refuse([path])
    for parent in path.parents:
        if parent.is_dir():
            if not os.access(parent, os.W_OK | os.X_OK):
                raise OutputError(f"{path}: the folder {parent} is not writable")
            return
        if parent.exists() or parent.is_symlink():
            raise OutputError(f"{path}: {parent} is not a folder")


@contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; when the block fails, remove those that are still empty.

    Raises
    ------
    OutputError
        When it is something else, or a symbolic link to nothing.
    OSError
        When it cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in missing:
        if path.is_symlink():
            raise OutputError(f"{path}: is a symbolic link to nothing")
    if not missing and not folder.is_dir():
        raise OutputError(f"{folder}: is a file, and a folder belongs here")
    made: list[Path] = []
    try:
        for path in reversed(missing):
            path.mkdir()
            made.append(path)
        yield
    except BaseException:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir()
        raise


def _refuse(targets: Iterable[Path]) -> None:
    problems = []
    for target in targets:
        if target.is_symlink():
            problems.append(f"{target}: is a symbolic link; name the file itself")
        elif target.is_dir():
            problems.append(f"{target}: is a folder")
        elif target.exists() and not target.is_file():
            problems.append(f"{target}: is not a regular file")
    if problems:
        raise OutputError("\n".join(problems))
