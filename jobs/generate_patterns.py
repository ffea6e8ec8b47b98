"""spark-submit jobs/generate_patterns.py [flags]: the same as `outfit-pairing generate-patterns [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["generate-patterns", *sys.argv[1:]]))
