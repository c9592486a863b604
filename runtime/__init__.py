"""gradc_runtime: what generated gradient programs call. It never imports the compiler."""

__version__ = "0.1.0.dev0"

__all__ = ["__version__"]
