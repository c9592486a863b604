"""The primitive table: one record per primitive, with its derivative."""
