"""A function specialised on the types of its arguments: its derivatives, compiled when asked for.

A :class:`Program` holds what the front end made of the function for one set of argument types;
:meth:`Program.derivative` gives a :class:`Derivative`, which runs on the user's values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
import optree
from numpy.linalg import LinAlgError

from gradc.driver import Compiled, Inspection, compile_function
from gradc.errors import Diagnostic, GradcError, GradTypeError, Location
from gradc.faces.arguments import (
    Argument,
    as_kernels_take,
    describe,
    of_type,
    uncompiled,
)
from gradc.faces.containers import flatten, leaf_names, map_leaves, unflatten
from gradc.faces.naming import kind_name, tree_name
from gradc.faces.overlaps import Overlap, overlaps_of, with_memory
from gradc.faces.samples import describe_sample, problem_with_samples, with_captured_sizes
from gradc.frontend.python import Leaf, Lowered, Static, lower_function
from gradc.ir.builder import Symbols
from gradc.options import Mode, Options
from gradc_runtime.cuda import CudaUnavailableError

# The results of a kernel, by their number.
Results = Sequence[Any] | Mapping[int, Any]
# A Leaf, a Static, or a container of them.
ArgTree = Any
# Start and stop among the leaves of all arguments, and the structure of one argument.
Span = tuple[int, int, optree.PyTreeSpec]


@dataclass(eq=False)
class Program:
    """A function for one set of argument types.

    Attributes
    ----------
    arguments : list of Argument
        The leaves of all arguments, in the order of flattening.
    lowered : Lowered
        What the front end made.
    again : callable or None
        Reads the function once more, for sizes as they come; `general` is the program of that.
    spans : list of (start, stop, spec)
        For each positional argument, then each keyword argument by name, its leaves.
    """

    arguments: list[Argument]
    lowered: Lowered
    spans: dict[int | str, Span]
    options: Options
    again: Callable[[], Lowered] | None = None
    general: Program | None = None
    _derivatives: dict[tuple[Any, ...], Derivative] = field(default_factory=dict)

    @property
    def where(self) -> Location:
        """Where the function is defined."""
        return self.lowered.function.loc

    @property
    def traced(self) -> list[int]:
        """The positions of the leaves that are parameters of the function."""
        return [i for i, argument in enumerate(self.arguments) if argument.prepare is not None]

    @property
    def shared(self) -> list[int]:
        """The parameters that are the same for all samples of a CUDA kernel."""
        batched = [self.arguments[leaf].batched for leaf in self.traced]
        captured = [False] * len(self.lowered.captured)
        return [n for n, is_batched in enumerate(batched + captured) if not is_batched]

    def derivative(
        self,
        mode: Mode,
        argnums: Sequence[int | str],
        has_aux: bool = False,
        single: bool = False,
        inspection: Inspection | None = None,
        kind: type[Derivative] | None = None,
    ) -> Derivative:
        """Return one of its derivatives, compiled on its first call."""
        key = (mode, tuple(argnums), has_aux, single)
        if key not in self._derivatives:
            made = (kind or Derivative)(self, mode, argnums, has_aux, single, inspection)
            self._derivatives[key] = made
        return self._derivatives[key]

    def arguments_of(self, leaves: Sequence[Any]) -> list[Any]:
        """The user's leaves, and what the function has from outside, as a kernel takes them."""
        flat = [
            argument.prepare(leaf)
            for argument, leaf in zip(self.arguments, leaves, strict=True)
            if argument.prepare is not None
        ]
        return flat + self.captured

    @property
    def captured(self) -> list[Any]:
        """What the function has from outside, as a kernel takes it."""
        return [as_kernels_take(array, value.type) for value, array in self.lowered.captured]

    def with_lowered(self, lowered: Lowered) -> Program:
        """The program of something else that the front end made for the same arguments."""
        return Program(self.arguments, lowered, self.spans, self.options)

    @property
    def asks_for_memory(self) -> bool:
        """Whether it matters which arguments of a call share memory."""
        lowered = self.lowered
        several = len(self.arguments) + len(lowered.captured) > 1
        return bool(lowered.mutated) or (lowered.compares and several)

    def overlaps(self, leaves: Sequence[Any]) -> tuple[Overlap, ...]:
        """The arguments that share memory, where that matters.

        Raises
        ------
        AliasingError
            Where elements of an array that is written to share memory with each other.
        """
        if not self.asks_for_memory:
            return ()
        return overlaps_of(self.lowered, [leaves[index] for index in self.traced])

    def problem(self, message: str, hint: str | None = None) -> GradTypeError:
        """An error about the arguments, at the definition of the function."""
        return GradTypeError(Diagnostic(self.where, message, hint))


def make_program(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    names: Sequence[str],
    options: Options,
    apart: Program | None = None,
    overlaps: Sequence[Overlap] = (),
) -> Program:
    """Lower a function for the types of these arguments.

    Parameters
    ----------
    function : callable
    args, kwargs
    names : sequence of str
        Of the parameters.
    options : Options
    apart : Program, optional
        The same for arguments that share nothing, where some share memory.
    overlaps : sequence of Overlap
        How they do.
    """
    symbols = Symbols()
    say = describe_sample if options.target == "cuda" else describe
    arguments: list[Argument] = []
    spans: dict[int | str, Span] = {}
    for key, name, value in _named(args, kwargs, names):
        leaves, spec = flatten(value)
        own = leaf_names(name, spec)
        spans[key] = (len(arguments), len(arguments) + len(leaves), spec)
        arguments += [say(leaf, label, symbols) for leaf, label in zip(leaves, own, strict=True)]
    if apart is not None:
        arguments = with_memory(arguments, overlaps, apart.lowered)
    trees = {
        key: unflatten(spec, [argument.spec for argument in arguments[start:stop]])
        for key, (start, stop, spec) in spans.items()
    }
    positional = [trees[index] for index in range(len(args))]
    keywords = {name: trees[name] for name in sorted(kwargs)}
    lowered = lower(function, positional, keywords)
    if options.target == "cuda":
        lowered = with_captured_sizes(lowered)
        return Program(arguments, lowered, spans, options)

    def again() -> Lowered:
        return lower_function(function, positional, keywords, as_they_come=True)

    is_read = not hasattr(function, "__gradc_lower__")
    return Program(arguments, lowered, spans, options, again if is_read else None)


def program_of_types(
    function: Callable[..., Any],
    positional: Sequence[ArgTree],
    keywords: Mapping[str, ArgTree],
    names: Sequence[str],
    options: Options,
) -> Program:
    """Lower a function for arguments of which only the types are known."""
    arguments: list[Argument] = []
    spans: dict[int | str, Span] = {}
    for key, name, tree in _named(positional, keywords, names):
        leaves, spec = flatten(tree, (Leaf, Static))
        spans[key] = (len(arguments), len(arguments) + len(leaves), spec)
        arguments += [
            of_type(leaf, label) for leaf, label in zip(leaves, leaf_names(name, spec), strict=True)
        ]
    return Program(arguments, lower(function, positional, keywords), spans, options)


def lower(
    function: Callable[..., Any], positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
) -> Lowered:
    """Read a function; what is itself a derivative says how it is lowered."""
    hook = getattr(function, "__gradc_lower__", None)
    if hook is not None:
        lowered: Lowered = hook(positional, keywords)
        return lowered
    return lower_function(function, positional, keywords)


def _named(
    args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str]
) -> list[tuple[int | str, str, Any]]:
    listed: list[tuple[int | str, str, Any]] = [
        (index, names[index] if index < len(names) else f"arg{index}", value)
        for index, value in enumerate(args)
    ]
    return listed + [(name, name, kwargs[name]) for name in sorted(kwargs)]


class Derivative:
    """One derivative of a program, and how its kernel is called.

    Attributes
    ----------
    compiled : Compiled
        Text, IR and kernel.
    argnums : tuple
        The differentiated arguments, by position or keyword.
    wrt : list of int
        The parameters of the function that are differentiated.
    """

    def __init__(
        self,
        program: Program,
        mode: Mode,
        argnums: Sequence[int | str],
        has_aux: bool,
        single: bool,
        inspection: Inspection | None = None,
    ) -> None:
        self.program, self.mode, self.has_aux = program, mode, has_aux
        self.single = single
        self.argnums = tuple(argnums)
        position = {leaf: index for index, leaf in enumerate(program.traced)}
        self.leaves = self._differentiated(argnums)
        self.wrt = [position[leaf] for group in self.leaves for leaf in group]
        self.groups = [program.spans[number] for number in argnums]
        self.value_tree, self.aux_tree = value_tree, aux_tree = self._outputs()
        without_values = mode not in ("primal", "value_and_grad", "jvp")
        self.kept = flatten_indices(aux_tree) if without_values and has_aux else []
        function = program.lowered.function
        self.values = [] if without_values else list(range(len(function.results)))
        self.differentiated = [
            index for index in flatten_indices(value_tree) if function.results[index].type.is_float
        ]
        if mode in ("grad", "value_and_grad", "hessian", "hvp"):
            self._check_scalar()
        elif mode != "primal" and not self.differentiated:
            raise program.problem(
                f"{function.name} returns no float, and there is nothing to differentiate",
                self._written_hint() or "return a float or an array of floats",
            )
        self.on_gpu = program.options.target == "cuda"
        if self.on_gpu:
            self._check_samples()
        self.compiled: Compiled = compile_function(
            function,
            mode,
            self.wrt,
            program.options,
            results=self.differentiated if mode != "primal" and mode != "jvp" else None,
            keep=self.kept or None,
            inspection=inspection,
            shared=program.shared if self.on_gpu else (),
        )
        self._kernel: Callable[..., Any] | None = None

    # -- set-up -----------------------------------------------------------------------------

    def _differentiated(self, argnums: Sequence[int | str]) -> list[list[int]]:
        """The leaves of each differentiated argument that carry a derivative."""
        groups = []
        for number in argnums:
            start, stop, spec = self.program.spans[number]
            arguments = self.program.arguments[start:stop]
            found = [start + i for i, each in enumerate(arguments) if each.restore is not None]
            if not found:
                raise self._not_differentiable(number, arguments, spec)
            groups.append(found)
        return groups

    def _not_differentiable(
        self, number: int | str, arguments: Sequence[Argument], spec: optree.PyTreeSpec
    ) -> GradTypeError:
        name = number if isinstance(number, str) else arguments[0].name if arguments else number
        what = "holds no floats"
        if len(arguments) == 1 and spec.is_leaf():
            what = f"is no float but {kind_name(arguments[0])}"
        return self.program.problem(
            f"argument {name!r} {what} and cannot be differentiated",
            "pass a float (3.0 rather than 3) or choose another argument with argnums",
        )

    def _outputs(self) -> tuple[Any, Any]:
        tree = self.program.lowered.out_tree
        if not self.has_aux:
            return tree, None
        if not isinstance(tree, tuple) or len(tree) != 2:
            raise self.program.problem(
                "with has_aux=True the function returns a pair (value, aux)",
                "return value, aux",
            )
        return tree

    def _check_scalar(self) -> None:
        function = self.program.lowered.function
        if not isinstance(self.value_tree, int) or isinstance(self.value_tree, bool):
            raise self.program.problem(
                f"{function.name} returns {tree_name(self.value_tree)}, and a gradient is that "
                "of one number",
                self._written_hint()
                or "return one number, or use vjp or jacobian (has_aux=True for a further result)",
            )
        result = function.results[self.value_tree].type
        if not result.is_scalar or not result.is_float:
            what = f"an array of {result.rank} axes" if result.rank else f"a {result}"
            raise self.program.problem(
                f"{function.name} returns {what}, and a gradient is that of one float",
                "reduce it to one number (sum, mean), or use vjp or jacobian",
            )

    def _written_hint(self) -> str | None:
        """What to do where a function returns nothing and writes to arguments."""
        lowered = self.program.lowered
        if lowered.function.results or not lowered.mutated:
            return None
        written = [lowered.leaf_names[leaf] for leaf in lowered.mutated]
        names = repr(written[0] if len(written) == 1 else tuple(written))
        return f"it writes to {names}: gradc.returning(f, {names}) is the function that returns it"

    def _check_samples(self) -> None:
        """Refuse what a kernel with a thread for each sample cannot compute."""
        problem, arguments = self.program.problem, self.program.arguments
        if not any(argument.batched for argument in arguments):
            raise problem(
                'target="cuda" runs a function for each sample, and no argument is an array',
                "pass arrays whose first axis runs over the samples",
            )
        shared = [arguments[leaf] for group in self.leaves for leaf in group]
        for argument in shared:
            if not argument.batched:
                raise problem(
                    f"argument {argument.name!r} is one number for all samples, and its gradient "
                    "would be a sum over them",
                    'pass an array with one number for each sample, or use target="cpu"',
                )

    # -- calls ------------------------------------------------------------------------------

    def kernel(self) -> Callable[..., Any]:
        """The function that runs, with flat arguments."""
        if self._kernel is None:
            self._kernel = self._runnable(self.compiled)
        return self._kernel

    def _runnable(self, compiled: Compiled) -> Callable[..., Any]:
        kernel = compiled.kernel
        if self.program.options.target == "python":
            return uncompiled(kernel.py_func)
        # that of a CUDA kernel is the kernel itself
        return getattr(kernel, "entry", kernel)

    def prepare(self, leaves: Sequence[Any]) -> list[Any]:
        """The user's leaves as the kernel takes them."""
        return self.program.arguments_of(leaves)

    def run(self, leaves: Sequence[Any], further: Sequence[Any] = ()) -> list[Any]:
        """Call the kernel and return its results as a list."""
        if self.on_gpu and (problem := problem_with_samples(self.program.arguments, leaves)):
            raise self.program.problem(problem, "the first axis of each array is the samples")
        return self.run_prepared([*self.prepare(leaves), *further])

    def run_prepared(self, args: Sequence[Any]) -> list[Any]:
        """Call the kernel with arguments that are already as it takes them."""
        return self._call(self.kernel(), args, self.instead)

    def call(self, compiled: Compiled, args: Sequence[Any]) -> list[Any]:
        """Call the kernel of a further program of the function, in the same way."""
        return self._call(self._runnable(compiled), args, self._told)

    def _call(
        self,
        kernel: Callable[..., Any],
        args: Sequence[Any],
        instead: Callable[[Exception, Sequence[Any]], Any],
    ) -> list[Any]:
        try:
            out = kernel(*args)
        except CudaUnavailableError as error:
            raise GradcError(str(error)) from None
        except (IndexError, ValueError, ZeroDivisionError, LinAlgError) as error:
            out = instead(error, args)
        return list(out) if isinstance(out, tuple) else [out]

    def instead(self, error: Exception, args: Sequence[Any]) -> Any:
        """What a call that failed gives: the results where sizes may be as they come, or raises."""
        from gradc.faces.as_they_come import results_of

        found = results_of(self, error, args)
        return self._told(error, args) if found is None else found

    def _told(self, error: Exception, args: Sequence[Any]) -> NoReturn:
        """Raise an error of the kernel as the user is told it."""
        from gradc.faces.runtime_errors import restate

        raise restate(error, self.program.where) from None

    def gradients(self, bars: Sequence[Any], restored: bool = True) -> list[Any]:
        """Put gradients into the structure of the arguments; None where a leaf has none."""
        pending = iter(bars)
        made = []
        for found, (start, stop, spec) in zip(self.leaves, self.groups, strict=True):
            leaves: list[Any] = [None] * (stop - start)
            for leaf in found:
                restore = self.program.arguments[leaf].restore
                bar = next(pending)
                leaves[leaf - start] = restore(bar) if restored and restore else bar
            made.append(unflatten(spec, leaves))
        return made

    def as_lowered(self) -> Lowered:
        """The derivative as a function to be differentiated again."""
        lowered, function = self.program.lowered, self.compiled.function
        count = len(function.results) - sum(map(len, self.leaves))
        weak = [lowered.out_weak[i] for i in (self.kept or self.values)]
        weak += [
            getattr(self.program.arguments[leaf].spec, "weak", False)
            for group in self.leaves
            for leaf in group
        ]
        bars = self.gradients(range(count, len(function.results)), restored=False)
        return replace(
            lowered,
            function=function,
            out_tree=self.tree(bars),
            out_weak=tuple(weak),
        )

    def tree(self, bars: Sequence[Any]) -> Any:
        """The structure of what the callable returns, around the gradients of the arguments."""
        gradient = bars[0] if self.single else tuple(bars)
        if self.mode in ("grad", "hvp"):
            if not self.has_aux:
                return gradient
            number = {result: index for index, result in enumerate(self.kept)}
            return gradient, map_leaves(
                lambda leaf: number.get(leaf, leaf), self.aux_tree, (Static,)
            )
        value = (self.value_tree, self.aux_tree) if self.has_aux else self.value_tree
        return value, gradient

    def outputs(self, tree: Any, results: Results) -> Any:
        """Put results into the structure that the function returns."""
        if isinstance(tree, int):  # one number or array, as most functions return
            return self._output(tree, results)
        return map_leaves(lambda leaf: self._output(leaf, results), tree, (Static,))

    def _output(self, leaf: Any, results: Results) -> Any:
        if isinstance(leaf, Static):
            return leaf.value
        lowered = self.program.lowered
        type = lowered.function.results[leaf].type
        value = results[leaf]
        if not type.is_scalar or self.on_gpu:
            return value
        if lowered.out_weak[leaf]:
            return value.item() if isinstance(value, np.generic) else value
        return type.dtype.numpy.type(value)


def flatten_indices(tree: Any) -> list[int]:
    """The result numbers in an output tree, in order."""
    if tree is None:
        return []
    return [leaf for leaf in flatten(tree, (Static,))[0] if isinstance(leaf, int)]
