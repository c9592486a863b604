"""The command line: ``gradc`` and ``python -m gradc``.

Nothing heavy is imported here or at the top of any module of this package: ``gradc --help`` has
to answer in 0.3 s, so NumPy, rich and the compiler itself are imported by the command that runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and leave with its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if absent.
    """
    from gradc.cli.app import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
