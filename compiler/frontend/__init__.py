"""Front ends: Python functions, formulas and network specs to IR."""
