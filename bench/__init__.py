"""Benchmarks: `make bench`, or python -m bench.roofline and python -m bench.peers from the root of the sources."""
