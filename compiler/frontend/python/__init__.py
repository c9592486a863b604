"""The Python front end: a function's AST to IR."""
