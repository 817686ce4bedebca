"""``python -m deploy.cli``, the same as ``logferry``."""

from deploy.cli import main

main()
