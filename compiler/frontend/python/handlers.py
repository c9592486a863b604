"""The tables that the interpreter is driven by."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradc.frontend.python.refs import Ref


@dataclass(frozen=True, slots=True)
class Tables:
    """How each kind of node and each known function is handled."""

    expressions: Mapping[type[ast.expr], Callable[..., Ref]]
    statements: Mapping[type[ast.stmt], Callable[..., None]]
    functions: Mapping[Any, Callable[..., Ref]]
    complex_functions: Mapping[Any, Callable[..., Ref]]
    complex_attribute: Callable[..., Ref]
    complex_binary: Callable[..., Ref]
    complex_negate: Callable[..., Ref]
    complex_compare: Callable[..., Ref]
    methods: Mapping[tuple[str, str], Callable[..., Ref]]
    attributes: Mapping[str, Callable[..., Ref]]
    operators: Mapping[str, Any]
    indexed: Mapping[int, Callable[..., Ref]]
    call: Callable[..., Ref]
    is_advanced: Callable[..., bool]
    read_advanced: Callable[..., Ref]
    write_advanced: Callable[..., None]
    as_operand: Callable[..., Ref]
    generated_positions: Callable[..., Any]
    has_items: Callable[..., Any]
    item_of: Callable[..., Ref]
    item_of_growing: Callable[..., Ref]
    settled: Callable[..., Ref]
    assign_whole: Callable[..., None]
    augmented: Callable[..., None]
