"""Loading a generated module from its path."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import types
from pathlib import Path


def load(path: str | os.PathLike[str]) -> types.ModuleType:
    """Run the module at a path and return it.

    It is not entered into ``sys.modules``; its name is made of the file's name and the hash of
    its text, the same in every process.

    Parameters
    ----------
    path : path-like
        A module that gradc has written.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    file = Path(path).resolve()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    spec = importlib.util.spec_from_file_location(f"{file.stem}_{digest}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file}: is no Python module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
