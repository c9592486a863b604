"""gradc: reads a function, a formula or a network spec and writes the program of its gradient."""

__version__ = "0.1.0.dev0"

__all__ = ["__version__"]
