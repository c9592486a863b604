"""From IR to the text of a Python module."""

from gradc.emit.module import emit_module, signature

__all__ = ["emit_module", "signature"]
