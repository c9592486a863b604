"""How linear algebra and Fourier transforms are written.

NumPy's functions of linear algebra are there to be read, those of the runtime in kernels.

The functions of :mod:`gradc_runtime.linalg` take the line of the user's source as their last
argument, for the messages of errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradc.emit.text import Expr, binary, call
from gradc.emit.writing import Text, Writer
from gradc.ir.core import Op, Primitive
from gradc.ir.types import DType
from gradc.prims import fourier
from gradc.prims.decompositions import CHOLESKY, EIGH, QR, SVD
from gradc.prims.define import PRODUCT
from gradc.prims.expm import EXPM
from gradc.prims.full_svd import SVD_FULL
from gradc.prims.linalg import BATCHED_MATMUL
from gradc.prims.pseudoinverse import PINV
from gradc.prims.solves import COFACTORS, DET, INV, SLOGDET, SOLVE, SOLVE_TRIANGULAR
from gradc.prims.triangles import EYE, TRIL, TRIU


def _function(numpy_name: str, operands: int = 1, *flags: str) -> Text:
    """A function of the runtime; in programs to be read NumPy's own where it has one.

    Parameters
    ----------
    numpy_name : str
        What NumPy calls it; empty where it has no such function.
    operands : int
        How many operands the text mentions.
    flags : str
        Parameters of the primitive that the function of the runtime takes.
    """

    def text(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
        args = args[:operands]
        if writer.style == "numpy" and numpy_name:
            return call(numpy_name, *args, **_numpy_options(op))
        given = [str(op.params[flag]) for flag in flags]
        name = f"{writer.helper('linalg')}.{op.prim.name}"
        return call(name, *args, *given, str(max(op.loc.line, 0)))

    return text


def _numpy_options(op: Op) -> Mapping[str, str]:
    """The keywords of NumPy's function, where the defaults do not say it."""
    if op.prim is SVD:
        return {"full_matrices": "False"}
    if op.params.get("lower", True):
        return {}
    return {"upper": "True"} if op.prim is CHOLESKY else {"UPLO": '"U"'}


def _transform(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    """A Fourier transform; NumPy's give complex numbers, so these are the runtime's."""
    return call(f"{writer.helper('fft')}.{op.prim.name}", *args, str(op.params["axis"]))


def _triangle(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    k = op.params["k"]
    if writer.style == "numpy":
        return call(f"np.{op.prim.name}", *args, *([str(k)] if k else []))
    return call(f"{writer.helper('linalg')}.{op.prim.name}", *args, str(k))


def _pinv(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    return call("np.linalg.pinv", args[0], rcond=args[2].at(0))


def _eye(op: Op, args: Sequence[Expr], writer: Writer) -> Expr:
    if op.params["dtype"] is DType.F64:
        return call("np.eye", args[0])
    return call("np.eye", args[0], dtype=f"np.{op.params['dtype'].numpy_name}")


TABLE: Mapping[Primitive, Text] = {
    SOLVE: _function("np.linalg.solve", 2),
    SOLVE_TRIANGULAR: _function("", 2, "lower", "transpose"),
    INV: _function("np.linalg.inv"),
    DET: _function("np.linalg.det"),
    SLOGDET: _function("np.linalg.slogdet"),
    COFACTORS: _function(""),
    CHOLESKY: _function("np.linalg.cholesky", 1, "lower"),
    QR: _function("np.linalg.qr"),
    EIGH: _function("np.linalg.eigh", 1, "lower"),
    SVD: _function("np.linalg.svd"),
    SVD_FULL: _function("np.linalg.svd"),
    PINV: _pinv,
    EXPM: _function(""),
    **dict.fromkeys(fourier.RECORDS, _transform),
    TRIL: _triangle,
    TRIU: _triangle,
    EYE: _eye,
    BATCHED_MATMUL: lambda op, args, writer: binary(args[0], "@", args[1], PRODUCT),
}
