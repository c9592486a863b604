"""The cache of generated modules: private to the user, written atomically, named by content.

A module's file name holds the hash of its text and of everything that decides what it compiles
to, so a file never changes once it is there: several processes may write it at the same time,
and all of them write the same bytes.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

import gradc_runtime
from gradc_runtime.files import write_atomically

VARIABLE = "GRADC_CACHE_DIR"
_RUNTIME = Path(gradc_runtime.__file__).parent


def cache_folder() -> Path:
    """The folder of generated modules: ``$GRADC_CACHE_DIR``, else the user's cache folder.

    A folder that cannot be made, or that belongs to somebody else or is open to writing by
    others, is not used: whoever can write it could run code as this user. A fresh private
    folder serves instead.
    """
    named = os.environ.get(VARIABLE)
    if named:
        folder = Path(named)
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("gradc")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return _private_folder()
    return folder if _is_private(folder) else _private_folder()


def _is_private(folder: Path) -> bool:
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.W_OK):
        return False
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


@cache
def _private_folder() -> Path:
    """A folder of this process alone, removed when it ends."""
    folder = tempfile.mkdtemp(prefix="gradc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def throwaway_folder() -> Path:
    """A folder for modules that are not to be kept: that of this process."""
    return _private_folder()


@cache
def environment() -> str:
    """The versions of everything that decides what a module compiles to."""
    packages = ("numba", "llvmlite", "numpy")
    found = [f"{name} {version(name)}" for name in packages]
    # how a text is compiled is the runtime's business
    found.append(f"gradc_runtime {gradc_runtime.__version__} {stamp(_RUNTIME)}")
    return " ".join([sys.version.split()[0], *found])


def stamp(folder: Path) -> str:
    """The sizes and times of Python files: those of a checkout change without its version."""
    files = sorted(folder.glob("*.py"))
    seen = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:12]


def module_path(text: str, name: str, folder: Path | None = None) -> Path:
    """Where the module with this text lies."""
    digest = hashlib.sha256(f"{environment()}\n{text}".encode()).hexdigest()[:20]
    return (cache_folder() if folder is None else folder) / f"{name}_{digest}.py"


def store_module(text: str, name: str, folder: Path | None = None) -> Path:
    """Put a generated module into the cache and return its path.

    Parameters
    ----------
    text : str
    name : str
        A readable start of the file name; an identifier.
    folder : Path, optional
        Another folder than the user's cache.
    """
    path = module_path(text, name, folder)
    data = text.encode()
    if not path.is_file() or path.read_bytes() != data:
        write_atomically(path, data)
    return path
