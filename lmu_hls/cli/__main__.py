"""``python -m lmu_hls.cli``."""

from lmu_hls.cli.run import main

if __name__ == "__main__":
    main()
