"""Run a command and note the most memory that it had: ``python -S peak.py FILE COMMAND ...``.

A process begins with the peak of the one that started it, so a large one cannot start what it
measures. This one is small. What the command itself starts and waits for counts, too.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run the command with the streams of this process; write the bytes to a file."""
    file, *command = sys.argv[1:]
    status = subprocess.run(command, check=False).returncode
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    Path(file).write_text(str(peak * 1024), encoding="utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main())
