"""Sparsity patterns: from a function to the program that computes what depends on what."""
