"""Records of compiled gradients on the disk, by which a second process finds its kernel at once.

The first call in a process reads the function, differentiates it and writes the program; another
process would do all that again, only to find that the program and its machine code are there::

    first process    fingerprint -> nothing known; read, differentiate, emit, compile;
                     write  f_grad_<fingerprint>.json: the module, and how its results are arranged
    second process   fingerprint -> the record -> the module -> numba's machine code

A record belongs to a fingerprint of the function and all that it uses
(:mod:`gradc.faces.fingerprints`), to the types of the arguments, to the options and to the
versions of everything. It is for the calls that have a route (:mod:`gradc.faces.routes`): plain
numbers and arrays. All else is compiled as ever. What is asked of the program besides its results
(``.source``, ``.ir``) is made when it is asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gradc import cache
from gradc.errors import Location
from gradc.faces.as_they_come import was_assumed
from gradc.faces.fingerprints import compiler_fingerprint, fingerprint
from gradc.faces.routes import (
    MISS,
    Route,
    check_of_array,
    finish_of_gradient,
    finish_of_pair,
    run_of_entry,
)
from gradc.faces.runtime_errors import restate
from gradc.options import Mode, Options
from gradc_runtime.files import write_atomically

if TYPE_CHECKING:
    from gradc.faces.program import Derivative

#: Set to 0, every process reads and differentiates functions itself.
VARIABLE = "GRADC_RECORDS"

_NUMBERS = (float, int, bool)


class Face(Protocol):
    """What a record has to know of a :class:`gradc.faces.functions.Differentiated`."""

    mode: Mode
    kind: type[Derivative] | None
    primal: Callable[..., Any]
    options: Options
    has_aux: bool
    argnums: int | str | Sequence[int | str]


def record_path(face: Face, args: Sequence[Any]) -> Path | None:
    """Where the record of a derivative for these arguments lies, or would lie.

    None for what has no record: other derivatives than gradients, arguments that are no plain
    numbers and arrays, functions without a fingerprint, ``cache=False``, other targets, and where
    the environment says so.
    """
    options = face.options
    recordable = face.mode in ("grad", "value_and_grad") and face.kind is None
    if not recordable or face.has_aux or not options.cache or options.target != "cpu":
        return None
    if os.environ.get(VARIABLE) == "0":
        return None
    kinds = [_kind(arg) for arg in args]
    if None in kinds:
        return None
    told = fingerprint(face.primal)
    if told is None:
        return None
    key = (compiler_fingerprint(), cache.environment(), told, face.mode, asdict(options))
    text = repr((*key, face.argnums, kinds))
    digest = hashlib.sha256(text.encode()).hexdigest()[:20]
    name = getattr(face.primal, "__name__", "function")
    folder = cache.cache_folder()
    return folder / f"{name if name.isidentifier() else 'function'}_{digest}.json"


def _kind(arg: Any) -> object:
    """What a program is specialised on for an argument that goes to the kernel as it is."""
    if type(arg) is np.ndarray:
        return (arg.dtype.str, [min(size, 2) for size in arg.shape]) if arg.ndim else None
    if isinstance(arg, np.generic):
        return ("scalar", arg.dtype.str)
    return type(arg).__name__ if type(arg) in _NUMBERS else None


def recorded_route(path: Path, args: Sequence[Any]) -> Route | None:
    """The way to the kernel of a record; None where there is none."""
    from gradc_runtime.loading import load

    try:
        record = json.loads(path.read_bytes())
        module = path.parent / record["module"]
        text = module.read_text()
    except (OSError, ValueError, KeyError):
        return None
    # the name holds the hash of the text: a file that was damaged is not run
    if cache.module_path(text, record["function"], path.parent) != module:
        return None
    kernel = getattr(load(module), record["function"])
    where = Location(record["file"], record["line"])
    checks = [(n, check_of_array(arg)) for n, arg in enumerate(args) if type(arg) is np.ndarray]
    return Route(
        None,
        run_of_entry(kernel.entry, (), checks, _finish(record, args), _instead(record, where)),
        tuple(_specimen(arg) for arg in args),
    )


def _instead(record: dict[str, Any], where: Location) -> Callable[[Exception, Sequence[Any]], Any]:
    """What a call that failed gives: where sizes were taken for granted, the function is read."""

    def instead(error: Exception, args: Sequence[Any]) -> Any:
        if was_assumed(record["assumed"], error):
            return MISS
        raise restate(error, where) from None

    return instead


def _finish(record: dict[str, Any], args: Sequence[Any]) -> Callable[[Any], Any] | None:
    """From the results of the kernel to what the user gets."""
    kinds = [type(args[n]) for n in record["differentiated"]]
    restore = [kind if issubclass(kind, np.generic) else None for kind in kinds]
    value, single = record["value"], record["single"]
    if value is None:
        return finish_of_gradient(restore, single)
    return finish_of_pair(np.dtype(value["type"]).type if value["type"] else None, restore, single)


def _specimen(arg: Any) -> Any:
    """A small argument of the same type, to compile for."""
    if type(arg) is np.ndarray:
        return np.zeros([min(size, 2) for size in arg.shape], arg.dtype)
    return type(arg)(1)


def write_record(path: Path, derivative: Derivative) -> None:
    """Remember how a derivative that has been called is found again."""
    program = derivative.program
    function = program.lowered.function
    single_leaves = all(len(group) == 1 for group in derivative.leaves)
    if program.lowered.captured or not single_leaves:
        return
    value = None
    if derivative.mode == "value_and_grad":
        weak = program.lowered.out_weak[derivative.value_tree]
        result = function.results[derivative.value_tree].type
        value = {"type": None if weak else result.dtype.numpy.name}
    module = derivative.compiled.path
    if module.parent != path.parent:
        return
    record = {
        "module": module.name,
        "function": derivative.compiled.function.name,
        "file": function.loc.file,
        "line": function.loc.line,
        "differentiated": [leaf for (leaf,) in derivative.leaves],
        "single": derivative.single,
        "value": value,
        "assumed": sorted(program.lowered.assumed, key=str),
    }
    write_atomically(path, json.dumps(record, indent=1).encode())
