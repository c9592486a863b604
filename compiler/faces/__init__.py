"""What users hold: derivatives of functions, formulas and models, and how they are called."""
