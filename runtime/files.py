"""Writing files so that each appears whole or not at all."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

_ATTEMPTS = 16


class UnsafePathError(OSError):
    """The path cannot be written to: it is a symbolic link, a folder or another special file."""


def write_atomically(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write ``content`` to ``path``; a reader sees the old file or the new one, never a part.

    The bytes go to a new file in the same folder, are flushed to the disk, and are then renamed
    over ``path``. An existing file keeps its permissions. When anything fails the temporary file
    is removed and the old file is untouched.

    Parameters
    ----------
    path : path-like
        The file to make or replace. Its folder must exist.
    content : bytes
        All of the file.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    UnsafePathError
        When ``path`` is a symbolic link (also a dangling one) or exists and is no regular file.
    OSError
        When the folder is missing or not writeable, or the disk is full.
    """
    target = Path(path)
    mode = check_target(target)
    temporary, descriptor = _create_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(target)
    except BaseException:
        # also on KeyboardInterrupt: nothing half-written may stay behind
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)
    return target


def check_target(path: str | os.PathLike[str]) -> int | None:
    """Return the permissions of the file that would be replaced, None if there is none.

    Call it before long work whose result is to be written.

    Raises
    ------
    UnsafePathError
        As `write_atomically` does.
    FileNotFoundError
        When the folder is missing.
    """
    target = Path(path)
    try:
        status = target.lstat()
    except FileNotFoundError:
        if not target.parent.exists():
            raise
        return None
    if stat.S_ISLNK(status.st_mode):
        raise UnsafePathError(f"{target}: is a symbolic link; name the file itself")
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise UnsafePathError(f"{target}: is {kind}")
    return stat.S_IMODE(status.st_mode)


def _create_beside(target: Path) -> tuple[Path, int]:
    """Create a new file in the folder of ``target`` and open it.

    Not ``tempfile``: its files are private to the user, and the permissions that the user's umask
    gives cannot be asked for without changing the umask of the whole process for a moment.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(_ATTEMPTS):
        # the name is cut so that it fits where a long name of the target just fits
        temporary = target.with_name(f".{target.name[:64]}.{secrets.token_hex(6)}.tmp")
        try:
            return temporary, os.open(temporary, flags, 0o666)
        except FileExistsError:
            continue
        except OSError as error:
            # the user knows nothing of the temporary name
            raise OSError(error.errno, error.strerror, os.fspath(target)) from None
    raise FileExistsError(f"{target}: no free name for a temporary file beside it")


def _flush_folder(folder: Path) -> None:
    """Flush the rename itself; systems that cannot open a folder do without."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except (PermissionError, IsADirectoryError):
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
