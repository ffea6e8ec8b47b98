"""spark-submit jobs/pair_by_rules.py [flags]: the same as `outfit-pairing pair-by-rules [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["pair-by-rules", *sys.argv[1:]]))
