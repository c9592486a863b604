"""The table of all primitives, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gradc.ir.builder import CONST, DIM
from gradc.ir.core import Primitive
from gradc.prims import (
    arithmetic,
    bessel,
    checkpoints,
    compare,
    decompositions,
    effects,
    elementary,
    expm,
    fourier,
    full_svd,
    index,
    index_sets,
    integers,
    integrals,
    linalg,
    loops,
    polynomials,
    pseudoinverse,
    rows,
    scans,
    shape,
    solves,
    sorting,
    special,
    triangles,
)
from gradc.prims.routines import CALL

_MODULES = (
    compare,
    arithmetic,
    elementary,
    special,
    bessel,
    integrals,
    polynomials,
    integers,
    shape,
    index,
    index_sets,
    sorting,
    scans,
    linalg,
    triangles,
    solves,
    decompositions,
    full_svd,
    pseudoinverse,
    expm,
    fourier,
    rows,
    loops,
    checkpoints,
    effects,
)

TABLE: Mapping[str, Primitive] = MappingProxyType(
    {
        record.name: record
        for record in (CONST, DIM, CALL, *(r for module in _MODULES for r in module.RECORDS))
    }
)
