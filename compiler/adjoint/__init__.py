"""Forward and reverse mode on the IR."""
