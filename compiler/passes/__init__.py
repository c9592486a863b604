"""Passes: pure functions from IR to IR, and the pipeline as text."""
