"""Ways into the solvers and libraries that people already use, one file each.

Nothing here is imported by the rest of gradc, and each file imports only its own library.
"""
