"""Tables of handlers, filled by decorators; each file of functions has one of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gradc.frontend.python.refs import Ref

Handler = TypeVar("Handler", bound=Callable[..., Ref])


@dataclass(frozen=True, slots=True)
class Registry:
    """Handlers for functions (by identity), methods and attributes (by name).

    `complex_functions` are those that are asked where an operand is complex.

    A handler takes the context and the arguments as references, under the parameter names of the
    function that it stands for; its defaults are plain Python objects.
    """

    functions: dict[Any, Callable[..., Ref]] = field(default_factory=dict)
    complex_functions: dict[Any, Callable[..., Ref]] = field(default_factory=dict)
    methods: dict[tuple[str, str], Callable[..., Ref]] = field(default_factory=dict)
    attributes: dict[str, Callable[..., Ref]] = field(default_factory=dict)

    def function(self, *keys: Any) -> Callable[[Handler], Handler]:
        """Register a handler for Python functions, or for the name of an intrinsic."""

        def register(handler: Handler) -> Handler:
            self.functions.update(dict.fromkeys(keys, handler))
            return handler

        return register

    def complex(self, *keys: Any) -> Callable[[Handler], Handler]:
        """Register what Python functions do where an operand is complex."""

        def register(handler: Handler) -> Handler:
            self.complex_functions.update(dict.fromkeys(keys, handler))
            return handler

        return register

    def method(self, *names: str, group: str = "array") -> Callable[[Handler], Handler]:
        """Register a handler for methods; its first argument is the owner."""

        def register(handler: Handler) -> Handler:
            self.methods.update({(group, name): handler for name in names})
            return handler

        return register

    def attribute(self, *names: str) -> Callable[[Handler], Handler]:
        """Register a handler for attributes of arrays and numbers."""

        def register(handler: Handler) -> Handler:
            self.attributes.update(dict.fromkeys(names, handler))
            return handler

        return register
