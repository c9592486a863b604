"""gradc as a tool of GradBench, and a program that runs the evals against it and its peers."""
