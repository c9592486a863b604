"""Analyses of the IR; each returns a side table and changes nothing."""
