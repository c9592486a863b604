"""The functions that gradc knows, by Python object; one file per subject."""
