"""Reading ``.npz`` files that nobody vouches for.

``numpy.load`` believes a file's header: an array of shape ``(10**12, 64)`` in a file of one
kilobyte makes it ask for that memory, and object arrays run code when they are unpickled. Here the
headers of all arrays are read and judged first, and only then the data.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 2**32
"""How much memory the arrays of one file may take, unless the caller says otherwise."""

_MAX_HEADER = 10_000
_MAGIC = b"\x93NUMPY"


class NpzError(ValueError):
    """The file holds no arrays that may be read.

    Attributes
    ----------
    problems : tuple of str
        Everything that is wrong with it, each on its own.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def read_npz(
    path: Path, names: Sequence[str] | None = None, *, max_bytes: int = MAX_BYTES
) -> dict[str, NDArray[Any]]:
    """Return arrays of an ``.npz`` file, in C order, with the file's dtypes and shapes.

    Parameters
    ----------
    path : Path
        The file.
    names : sequence of str, optional
        The arrays to read; others are ignored. All of them if absent.
    max_bytes : int
        The most memory that the arrays may take together.

    Raises
    ------
    NpzError
        When it is no zip archive of ``.npy`` members or is damaged, a name is missing, or an array
        has objects, named fields or text, or is larger than ``max_bytes``.
    OSError
        When the file cannot be opened.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, names)
            _check_headers(archive, members, max_bytes)
            return {name: _read(archive, info) for name, info in members.items()}
    except zipfile.BadZipFile:
        raise NpzError(["is not an .npz file (a zip archive), or is damaged"]) from None
    except (zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error):
        # unknown compression, encryption, cut or altered streams: zipfile has no common class
        raise NpzError(["is damaged, or packed in a way that NumPy does not use"]) from None


def _members(archive: zipfile.ZipFile, names: Sequence[str] | None) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in found:
            raise NpzError([f"holds two arrays named {name}"])
        found[name] = info
    if names is None:
        return found
    missing = [name for name in names if name not in found]
    if missing:
        holds = ", ".join(sorted(found)[:10]) or "nothing"
        raise NpzError([f"has no array {name} (it holds {holds})" for name in missing])
    return {name: found[name] for name in names}


def _check_headers(
    archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], max_bytes: int
) -> None:
    problems: list[str] = []
    total = 0
    for name, info in members.items():
        with archive.open(info) as file:
            size, problem = _array_size(file, info.file_size)
        total += size
        if problem is not None:
            problems.append(f"{name}: {problem}")
    if total > max_bytes:
        problems.append(
            f"its arrays would take {total:,} bytes of memory; at most {max_bytes:,} are read"
        )
    if problems:
        raise NpzError(problems)


def _array_size(file: IO[bytes], member_size: int) -> tuple[int, str | None]:
    """Return the bytes that the array says it has, and why it cannot be read."""
    prefix = file.read(12)
    if len(prefix) < 12 or not prefix.startswith(_MAGIC):
        return 0, "is not a NumPy array"
    major = prefix[6]
    length: int = struct.unpack_from("<H" if major == 1 else "<I", prefix, 8)[0]
    if major not in (1, 2) or length > _MAX_HEADER:
        return 0, "has a header that plain number arrays do not have"
    start = (10 if major == 1 else 12) + length
    header = (prefix + file.read(length))[8:start]
    try:
        shape, _, dtype = _parse_header(header, major)
    except ValueError:
        return 0, "has a damaged header"
    if dtype.hasobject:
        return 0, "holds Python objects, which could run code when read; save plain numbers"
    if dtype.kind not in "biuf" or dtype.itemsize > 16:
        return 0, f"holds {dtype}, not numbers"
    if any(size < 0 for size in shape):
        return 0, f"has the impossible shape {shape}"
    size = math.prod(shape) * dtype.itemsize
    if size != member_size - start:
        return size, f"says it has shape {shape}, but the file holds another number of bytes"
    return size, None


def _parse_header(header: bytes, major: int) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    stream = io.BytesIO(header)
    if major == 1:
        return np.lib.format.read_array_header_1_0(stream, max_header_size=_MAX_HEADER)
    return np.lib.format.read_array_header_2_0(stream, max_header_size=_MAX_HEADER)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(info) as file:
        array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return np.ascontiguousarray(array).reshape(array.shape)
