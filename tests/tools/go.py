"""Programs and files of Go modules, for tests against the real thing: bench/peers/go.py has them for the bench too."""

from bench.peers.go import cache, files, made, program, run

__all__ = ["cache", "files", "made", "program", "run"]
