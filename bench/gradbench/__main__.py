"""``python -m bench.gradbench``: see :mod:`bench.gradbench.run`."""

import sys

from bench.gradbench.run import main

sys.exit(main())
