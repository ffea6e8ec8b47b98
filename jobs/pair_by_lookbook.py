"""spark-submit jobs/pair_by_lookbook.py [flags]: the same as `outfit-pairing pair-by-lookbook [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["pair-by-lookbook", *sys.argv[1:]]))
