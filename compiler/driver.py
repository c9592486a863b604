"""From a function of the IR to a kernel that runs: passes, text, module, and what to look at.

The pipeline is text, and everything that gradc does to a function is in it::

    share,sizes,simplify,cse,dce,induction,simplify,checks,simplify,licm,cse,anew,stages,dce,
                                                                 the function
    shifts,winners,parts,reverse{wrt=0},simplify,cse,branches,jam,simplify,cse,dce,rows
                                                                 the adjoint

    expand,simplify,cse,dce,loops,simplify,cse,dce,reach,inplace  the same as scalar loops

A function that takes derivatives itself has what they compute alike joined first (`jam`, `twins`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gradc import cache
from gradc.errors import GradcError
from gradc.ir.core import Function, Role
from gradc.ir.printer import to_text
from gradc.ir.walk import all_ops
from gradc.modes import CompressedPass, ForwardPass, HessianPass, JacobianPass, ReversePass
from gradc.options import Mode, Options, Style, Target
from gradc.passes.base import Pass
from gradc.passes.inlined import inlined_names
from gradc.passes.pipeline import Timing, parse_pipeline, run_pipeline
from gradc.passes.registry import PASSES
from gradc.passes.routines import lowered_together
from gradc_runtime.collector import less_collecting

if TYPE_CHECKING:
    from gradc_runtime.cuda import CudaKernel
    from gradc_runtime.jit import Kernel

T = TypeVar("T")
_STAGES = re.compile(r"stages(\{[^}]*\})?")

SHARE = "share"  # first of all: what is equal is still written the same
CLEAN = "simplify,cse,dce"
BEFORE_REVERSE = "shifts,winners,parts"
LOOPS_OF_CUDA = ("loops{blas=false}", "workspace{turns=false}")
# What is simple before it is differentiated has a simple derivative: counters that follow from
# loop indices need no tape, and checks made before a loop are not made again in its adjoint.
READ = f"sizes,{CLEAN},induction,simplify,checks,simplify,licm,cse,anew,stages,dce"
STAGES_OF_PRIMAL = "stages{dear=false}"
STAGES_OF_THREADS = "stages{behind=false}"
# A derivative has loops and branches twice, to be computed again and for the adjoint.
CLEAN_DERIVATIVE = f"simplify,cse,branches,jam,{CLEAN},rows,zeros,{CLEAN}"
# Derivatives that a function takes inside: those of one function have its loops once each.
JOIN_DERIVATIVES = ",".join([f"jam,simplify,cse,twins,{CLEAN}"] * 2)
SUFFIXES: Mapping[Mode, str] = {
    "primal": "_value",
    "grad": "_grad",
    "value_and_grad": "_value_and_grad",
    "vjp": "_vjp",
    "jvp": "_jvp",
    "jacfwd": "_jacfwd",
    "jacrev": "_jacrev",
    "hessian": "_hessian",
    "hvp": "_hvp",
}


REGISTRY: Mapping[str, type[Pass]] = {
    **PASSES,
    ReversePass.name: ReversePass,
    ForwardPass.name: ForwardPass,
    JacobianPass.name: JacobianPass,
    CompressedPass.name: CompressedPass,
    HessianPass.name: HessianPass,
}


@dataclass(slots=True)
class Inspection:
    """What to show or check while the passes run; the flags of the command line."""

    print_after: Collection[str] = ()
    stop_after: str | None = None
    verify_each: bool = False
    timings: list[Timing] | None = None
    write: Callable[[str], object] = field(default=lambda text: sys.stdout.write(text + "\n"))


def mode_pipeline(
    mode: Mode,
    wrt: Sequence[int],
    results: Sequence[int] | None = None,
    keep: Sequence[int] | None = None,
    memory_limit: int | None = None,
    nested: bool = False,
) -> str:
    """The text of the pipeline that makes one kind of derivative, before its emission.

    With `nested` the function takes derivatives itself.
    """
    positions = "+".join(str(index) for index in wrt)
    read = f"{READ},{JOIN_DERIVATIVES}" if nested else READ
    if mode == "primal":
        read = read.replace("stages", STAGES_OF_PRIMAL)
        return f"{read},{CLEAN_DERIVATIVE}" if nested else read
    if mode == "jvp":
        return f"{read},forward{{wrt={positions}}},{CLEAN_DERIVATIVE}"
    options = [f"wrt={positions}"]
    if results is not None:
        options.append("results=" + "+".join(str(index) for index in results))
    if keep:
        options.append("keep=" + "+".join(str(index) for index in keep))
    if mode in ("jacfwd", "jacrev"):
        options.append("mode=" + ("forward" if mode == "jacfwd" else "reverse"))
        read += "" if mode == "jacfwd" else f",{BEFORE_REVERSE}"
        return f"{read},jacobian{{{','.join(options)}}},{CLEAN_DERIVATIVE}"
    if memory_limit is not None:
        options.append(f"memory_limit={memory_limit}")
    if mode == "vjp":
        options.append("seeded=true")
    if mode in ("grad", "vjp", "hessian", "hvp"):
        options.append("values=false")
    first = f"{read},{BEFORE_REVERSE},reverse{{{','.join(options)}}},{CLEAN_DERIVATIVE}"
    if mode in ("hessian", "hvp"):
        vector = str(mode == "hvp").lower()
        return f"{first},hessian{{wrt={positions},vector={vector}}},{CLEAN_DERIVATIVE}"
    return first


def compressed_pipeline(
    mode: str, wrt: Sequence[int], results: Sequence[int], lanes: int, loop: bool
) -> str:
    """The text of the pipeline that makes the entries of a sparse Jacobian."""
    columns, rows = ("+".join(map(str, each)) for each in (wrt, results))
    options = f"mode={mode},wrt={columns},results={rows},lanes={lanes},loop={str(loop).lower()}"
    read = READ if mode == "forward" else f"{READ},{BEFORE_REVERSE}"
    return f"{read},compressed{{{options}}},{CLEAN_DERIVATIVE}"


def emission_pipeline(
    style: Style, target: Target, boundscheck: bool = True, parallel: bool = False
) -> str:
    """The text of the pipeline that prepares a function for emission in a style."""
    last, reach = ["readers", "inplace"], "reach{keep=false}" if parallel else "reach"
    if style == "loops" and (parallel or target == "cpu"):  # python is there to be read
        alone = ["idle", "gather", "upwards", "trajectory", "takeover", "progressions", "stores"]
        last = [*(["upwards", "parallel"] if parallel else alone), *last]
    if not boundscheck:
        last.insert(0, "unchecked")
    if style == "numpy":
        return ",".join(["inline", *last])
    loops, work = LOOPS_OF_CUDA if target == "cuda" else ("loops", "workspace")
    if target == "cpu":
        last += ["mirror", "lines"]
        work += ",together{copies=false}" if parallel else ",together"
    return ",".join(["inline", "expand", CLEAN, loops, CLEAN, reach, "writes", *last, work])


@less_collecting()
def run_passes(
    function: Function, pipeline: str, inspection: Inspection | None = None, routines: bool = True
) -> Function:
    """Run a pipeline given as text, on the routines too; what is asked for is shown on the way."""
    look = inspection or Inspection()
    passes = parse_pipeline(pipeline, REGISTRY)
    known = {each.name for each in passes}
    after = [name for name in look.print_after if name in known or name == "all"]
    return run_pipeline(
        function,
        passes,
        verify_each=look.verify_each,
        print_after=after,
        stop_after=look.stop_after if look.stop_after in known else None,
        timings=look.timings,
        write=look.write,
        routines=routines,
    )


@dataclass(eq=False)
class Compiled:
    """A function with its text in both styles and its kernel, each made when first asked for.

    Attributes
    ----------
    primal : Function
        What was differentiated.
    function : Function
        The result of the passes, still on whole arrays: what a person reads.
    options : Options
    shared : frozenset of int
        For CUDA kernels: the parameters that are the same for all samples.
    gradients_of : tuple of int
        The parameters whose gradients are the last results.
    """

    primal: Function
    function: Function
    options: Options
    inspection: Inspection | None = None
    shared: frozenset[int] = frozenset()
    gradients_of: tuple[int, ...] = ()

    @less_collecting()
    def text(self, style: Style) -> str:
        """The module as Python text."""
        if self.options.target == "cuda" and style == "loops":
            return self._cuda_text()
        from gradc.emit import emit_module
        from gradc.emit.names import identifier

        routines, function = lowered_together(
            self.function, lambda each: self._lowered(each, style), identifier
        )
        return emit_module(
            [function],
            style=style,
            title=self.title,
            options={"fastmath": self.options.fastmath, "parallel": self.options.parallel},
            routines=routines,
            inlined=inlined_names(routines, function),
        )

    def _cuda_text(self) -> str:
        from gradc.emit.cuda import emit_kernel

        return emit_kernel(
            self.lowered("loops"),
            title=f"{self.title}\n\nEach sample in a CUDA thread of its own.\n",
            shared=self.shared,
            gradients_of=self.gradients_of,
        )

    def lowered(self, style: Style) -> Function:
        """The function as it is emitted in a style."""
        return self._lowered(self.function, style)

    def _lowered(self, function: Function, style: Style) -> Function:
        options = self.options
        pipeline = emission_pipeline(style, options.target, options.boundscheck, options.parallel)
        if function is not self.function:
            pipeline = emission_pipeline(style, options.target, options.boundscheck)
        return run_passes(function, pipeline, self.inspection, routines=False)

    @property
    def title(self) -> str:
        """What the module is, for its first line."""
        return f"{self.function.name}: from {self.primal.name} ({self.primal.loc})"

    @cached_property
    def source(self) -> str:
        """The program as Python text, in the style that the options name."""
        return self.text(self.options.style)

    @cached_property
    def kernel_text(self) -> str:
        """The text that runs: loops, but for the numpy style run uncompiled."""
        if self.options.style == "loops" or self.options.target == "python":
            return self.source
        return self.text("loops")

    @cached_property
    def path(self) -> Path:
        """Where the module that runs lies."""
        folder = None if self.options.cache else cache.throwaway_folder()
        return cache.store_module(self.kernel_text, self.function.name, folder)

    @cached_property
    def kernel(self) -> Kernel:
        """The function of the module, not compiled before it is called."""
        from gradc_runtime.loading import load

        kernel: Kernel = getattr(load(self.path), self.function.name)
        return kernel

    def ptx(self, cc: tuple[int, int] = (8, 0)) -> str:
        """The CUDA kernel as PTX for a compute capability; see :mod:`gradc_runtime.cuda`.

        Raises
        ------
        GradcError
            For programs of other targets, where numba-cuda is missing, and for a compute
            capability that it does not know.
        """
        return self._with_cuda_kernel(lambda kernel: kernel.ptx(cc))

    def cubin(self, cc: tuple[int, int] = (8, 0)) -> bytes:
        """The CUDA kernel as machine code for a compute capability; errors as for :meth:`ptx`."""
        return self._with_cuda_kernel(lambda kernel: kernel.cubin(cc))

    def _with_cuda_kernel(self, make: Callable[[CudaKernel], T]) -> T:
        from gradc_runtime.cuda import CudaKernel, CudaUnavailableError

        kernel: object = self.kernel
        if not isinstance(kernel, CudaKernel):
            raise GradcError('PTX is made of programs with target="cuda"')
        try:
            return make(kernel)
        except (CudaUnavailableError, ValueError) as error:
            raise GradcError(str(error)) from None

    @property
    def ir(self) -> str:
        """The text form of the IR: the routines that are called, then the function."""
        return to_text(self.function)


def compile_function(
    function: Function,
    mode: Mode,
    wrt: Sequence[int],
    options: Options,
    *,
    results: Sequence[int] | None = None,
    keep: Sequence[int] | None = None,
    inspection: Inspection | None = None,
    shared: Collection[int] = (),
) -> Compiled:
    """Differentiate a function and prepare its kernel.

    Parameters
    ----------
    function : Function
        What a front end made.
    mode : str
        One of :data:`Mode`.
    wrt : sequence of int
        Positions of the parameters.
    options : Options
    results : sequence of int, optional
        Positions of the results that are differentiated.
    keep : sequence of int, optional
        Positions of results to return beside the gradient where the values are not wanted.
    inspection : Inspection, optional
    shared : collection of int
        For CUDA: positions of the parameters that are the same for all samples.
    """
    nested = any(op.role is Role.ADJOINT for op in all_ops(function.body))
    pipeline = mode_pipeline(mode, wrt, results, keep, options.memory_limit, nested)
    if options.share and options.target != "cuda":
        pipeline = f"{SHARE},{pipeline}"
    if options.parallel:
        pipeline = _STAGES.sub(STAGES_OF_THREADS, pipeline)
    made = run_passes(function, pipeline, inspection)
    named = Function(function.name + SUFFIXES[mode], made.body, made.loc)
    gradients_of = () if mode in ("primal", "jvp") else tuple(wrt)
    return Compiled(function, named, options, inspection, frozenset(shared), gradients_of)
