"""Cost of each stage, measured: see docs/benchmarks.md."""
