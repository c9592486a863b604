"""NumPy functions written in Python, with the signatures that NumPy gives them.

They are read like functions of the user: interpreted where they are called, at the line of the
call, so what is written here needs no derivative rule of its own. Each file ends with the table
of what it stands for; ``functions/written.py`` enters these tables.

Run by Python they compute what NumPy does. :func:`~gradc.frontend.python.written.support.refuse`
is how they refuse arguments.
"""
