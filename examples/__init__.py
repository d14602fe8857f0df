"""Complete uses of lmu_hls, each a package that runs: ``python -m examples.NAME --help``."""
