"""spark-submit jobs/apply_patterns.py [flags]: the same as `outfit-pairing apply-patterns [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["apply-patterns", *sys.argv[1:]]))
