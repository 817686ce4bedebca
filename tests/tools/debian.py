"""Programs from Debian packages, for tests against the real thing: bench/peers/debian.py has them for the bench too."""

from bench.peers.debian import Program, program

__all__ = ["Program", "program"]
