"""The functions of GradBench as a user writes them: plain Python, NumPy, and `gradc.grad`."""
