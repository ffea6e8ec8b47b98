"""spark-submit jobs/check_quality.py [flags]: the same as `outfit-pairing check-quality [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["check-quality", *sys.argv[1:]]))
