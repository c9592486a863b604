"""Derivations, graphs and reports."""
