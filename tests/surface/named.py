"""The functions that records of the primitive table name, at test points of the record.

These cases are made from the table: a new record has them without a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python.public import named_function
from gradc.ir.core import Primitive
from gradc.prims.table import TABLE
from tests.surface.case import Surface

surface = Surface()


def of_one(function: Any) -> Callable[..., Any]:
    return lambda x: function(x)


def of_two(function: Any) -> Callable[..., Any]:
    return lambda x, y: function(x, y)


def of_second(function: Any, first: float) -> Callable[..., Any]:
    return lambda x: function(first, x)


def of_first(function: Any, second: float) -> Callable[..., Any]:
    return lambda x: function(x, second)


def of_third(function: Any, first: float, second: float) -> Callable[..., Any]:
    return lambda x: function(first, second, x)


def of_fourth(function: Any, a: float, b: float, c: float) -> Callable[..., Any]:
    return lambda x: function(a, b, c, x)


#: By the arguments that are refused: how the others are given.
WITH_CONSTANTS = {(0,): of_second, (1,): of_first, (0, 1): of_third, (0, 1, 2): of_fourth}


def _add(prim: Primitive, name: str) -> None:
    function, numbers = named_function(name), name.startswith("math.")
    if function is None:
        return  # a later version of Python has it
    if prim.refuses:
        for point in prim.at[:1]:
            fixed = [float(point[k]) for k in prim.refuses]
            free = [np.array([x]) for k, x in enumerate(point) if k not in prim.refuses]
            surface(name, WITH_CONSTANTS[tuple(prim.refuses)](function, *fixed), *free)
        return
    columns = [np.array(column) for column in zip(*prim.at, strict=True)]
    call = {1: of_one, 2: of_two}[len(columns)](function)
    if numbers:
        surface(name, call, *map(float, prim.at[0]))
    else:
        surface(name, call, *columns)


for _prim in TABLE.values():
    for _name in _prim.names:
        _add(_prim, _name)
