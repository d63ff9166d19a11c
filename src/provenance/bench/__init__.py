"""Benchmarks that come with the package; they need the extra ``bench``."""
