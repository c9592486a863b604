"""From IR to Python text."""
