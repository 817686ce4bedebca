"""The ``logferry`` command. One module for each group of commands; packages of a stage are imported when it runs."""

from __future__ import annotations

import sys

from schemas.errors import LogferryError


def main() -> None:
    """Run the command line; whatever a person can meet ends in a message, never in a traceback."""
    from deploy.cli.app import app

    try:
        app()
    except LogferryError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    main()
