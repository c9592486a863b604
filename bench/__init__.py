"""Benchmarks: ``make bench``, or ``python -m bench``; README.md has the results."""
