"""A network read from its spec: loss, gradient and prediction as compiled functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gradc.driver import Compiled, Inspection, compile_function
from gradc.faces.model_arguments import check_params, check_samples, check_targets
from gradc.frontend.network import (
    Parameter,
    dtype_of,
    evaluation_function,
    initial_values,
    layers_function,
    loss_function,
    parameters_of,
    predict_function,
)
from gradc.frontend.network_spec import NetworkSpec, read_network_spec
from gradc.ir.core import Function
from gradc.ir.types import DType
from gradc.options import Mode, Options

Array = np.ndarray[Any, Any]


class Model:
    """A network: its compiled functions, each made when first used.

    Attributes
    ----------
    path : Path
    spec : NetworkSpec
    dtype : DType
        The element type it computes in.
    """

    def __init__(
        self,
        path: Path,
        options: Options,
        dtype: DType | None = None,
        spec: NetworkSpec | None = None,
        inspection: Inspection | None = None,
    ) -> None:
        self.path = path
        self.options = options
        self.spec = read_network_spec(path) if spec is None else spec
        self.dtype = dtype_of(self.spec) if dtype is None else dtype
        self.inspection = inspection

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.spec.name

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the parameters in their order: ``w1``, ``b1``, ``w2`` ..."""
        return tuple(parameter.name for parameter in self._parameters)

    def initial(self, seed: int = 0) -> list[Array]:
        """Draw initial parameters."""
        return list(initial_values(self.spec, seed, self.dtype))

    def in_dtype(self, dtype: DType) -> Model:
        """The same network computed in another element type."""
        return Model(self.path, replace(self.options), dtype, self.spec, self.inspection)

    # -- compiled functions ----------------------------------------------------------------------

    @cached_property
    def gradient(self) -> Compiled:
        """``(x, y, *parameters) -> (loss, *gradients)``."""
        function = loss_function(self.spec, self.dtype)
        wrt = range(2, len(function.params))
        return self._compiled(function, "value_and_grad", tuple(wrt))

    @cached_property
    def evaluation(self) -> Compiled:
        """``(x, y, *parameters) -> (loss, outputs)``."""
        return self._compiled(evaluation_function(self.spec, self.dtype), "primal", ())

    @cached_property
    def prediction(self) -> Compiled:
        """``(x, *parameters) -> outputs``."""
        return self._compiled(predict_function(self.spec, self.dtype), "primal", ())

    @cached_property
    def layer_outputs(self) -> Compiled:
        """``(x, *parameters) -> what each layer gives``."""
        return self._compiled(layers_function(self.spec, self.dtype), "primal", ())

    def _compiled(self, function: Function, mode: Mode, wrt: Sequence[int]) -> Compiled:
        named = Function(f"{self.name}_{function.name}", function.body, function.loc)
        return compile_function(named, mode, wrt, self.options, inspection=self.inspection)

    # -- calls -----------------------------------------------------------------------------------

    def value_and_grad(self, params: Sequence[Array], x: Any, y: Any) -> tuple[float, list[Array]]:
        """The mean loss over samples and its gradient, one array for each parameter.

        Parameters
        ----------
        params : sequence of ndarray
            As from :meth:`initial`.
        x : array_like
            ``(n, features)``, or one more axis for each axis of the spec's input.
        y : array_like
            n integer labels; for ``mse`` ``(n, outputs)`` floats.

        Raises
        ------
        GradTypeError
            Where an argument does not fit the network.
        """
        loss, *bars = self._call(self.gradient, *self._batch(x, y), *self._params(params))
        return float(loss), bars

    def step(self, params: Sequence[Array], x: Array, y: Array) -> tuple[float, list[Array]]:
        """As :meth:`value_and_grad`, for arguments that are known to fit, as training has them.

        Parameters
        ----------
        params : sequence of ndarray
            C-contiguous, of the shapes of :meth:`initial` and the model's dtype.
        x : ndarray
            ``(n, features)``, C-contiguous, of the model's dtype.
        y : ndarray
            int64 labels; for ``mse`` ``(n, outputs)``, as `x`.
        """
        loss, *bars = self._step(x, y, *params)
        return float(loss), bars

    @cached_property
    def _step(self) -> Callable[..., Any]:
        kernel = self.gradient.kernel
        # its arguments are not looked at here, and the dispatcher refuses what does not fit
        return kernel.py_func if self.options.target == "python" else kernel

    @cached_property
    def _parameters(self) -> tuple[Parameter, ...]:
        return parameters_of(self.spec)

    def evaluate(self, params: Sequence[Array], x: Any, y: Any) -> tuple[float, Array]:
        """The mean loss and what the last layer gives."""
        loss, outputs = self._call(self.evaluation, *self._batch(x, y), *self._params(params))
        return float(loss), outputs

    def predict(self, params: Sequence[Array], x: Any) -> Array:
        """What the last layer gives for samples."""
        (outputs,) = self._call(self.prediction, self._samples(x), *self._params(params))
        return np.asarray(outputs)

    def layers(self, params: Sequence[Array], x: Any) -> list[Array]:
        """What each layer gives for samples, in order."""
        return self._call(self.layer_outputs, self._samples(x), *self._params(params))

    def _params(self, params: Sequence[Array]) -> list[Array]:
        return check_params(self._parameters, params, self.dtype.numpy)

    def _samples(self, x: Any) -> Array:
        return check_samples(self.spec, x, self.dtype.numpy)

    def _batch(self, x: Any, y: Any) -> tuple[Array, Array]:
        samples = self._samples(x)
        return samples, check_targets(self.spec, y, len(samples), self.dtype.numpy)

    def _call(self, compiled: Compiled, *args: Any) -> list[Any]:
        with np.errstate(all="ignore"):
            out = self._callable(compiled)(*args)
        return list(out) if isinstance(out, tuple) else [out]

    def _callable(self, compiled: Compiled) -> Callable[..., Any]:
        """The compiled code, for arguments that are as it takes them, or its text as it stands."""
        kernel = compiled.kernel
        return kernel.py_func if self.options.target == "python" else kernel.entry

    # -- what can be looked at -------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The program of loss and gradient as Python text."""
        return self.gradient.source

    @property
    def ir(self) -> str:
        """The same in the text form of the IR."""
        return self.gradient.ir

    def save(self, path: str | Path) -> Path:
        """Write the program as a module that needs only ``gradc_runtime`` to run."""
        from gradc_runtime.files import write_atomically

        write_atomically(path, self.gradient.kernel_text.encode())
        return Path(path)
