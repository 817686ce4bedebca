"""The ``logferry`` command. One module for each group of commands; packages of a stage are imported when it runs."""

from __future__ import annotations

import sys

from schemas.errors import LogferryError, SettingsError

EXTRAS = {
    "avro": "schemas",
    "confluent_kafka": "producer",
    "duckdb": "archive",
    "fsspec": "archive",
    "inotify_simple": "producer",
    "kubernetes": "pods",
    "elastic_transport": "elasticsearch",
    "elasticsearch": "elasticsearch",
    "obstore": "object-storage",
    "prometheus_client": "producer",
    "psutil": "replay",
}
"""Top-level module -> extra that brings it; what is not here comes with `local`."""


def main() -> None:
    """Run the command line; whatever a person can meet ends in a message, never in a traceback."""
    try:
        if sys.argv[1:2] == ["health"]:  # asked every few seconds: without what all other commands need
            from deploy.cli import health

            health.main(sys.argv[2:])
        from deploy.cli.app import app

        app()
    except LogferryError as error:
        _end(error)
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        extra = EXTRAS.get(module, "local")
        _end(
            SettingsError(
                f"this command needs {module}, which is not installed", remedy=f"pip install 'logferry[{extra}]'"
            )
        )
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


def _end(error: LogferryError) -> None:
    process = sys.modules.get("runtime.own_logs")  # whoever logs JSON has it
    if process is None:
        sys.stderr.write(f"error: {error}\n")
    else:
        process.say_last(error)
    sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
