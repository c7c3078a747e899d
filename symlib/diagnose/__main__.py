"""`python -m symlib.diagnose PATH …`: the command `symlib diagnose`, without an installed script."""

import sys

from symlib.diagnose.command import main

if __name__ == "__main__":
    sys.exit(main(["diagnose", *sys.argv[1:]]))
