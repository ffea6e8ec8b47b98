"""spark-submit jobs/publish_recommendations.py [flags]: the same as `outfit-pairing publish [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["publish", *sys.argv[1:]]))
