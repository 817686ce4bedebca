"""Logs without a node agent: `logferry relay` as sidecar or around the program itself."""
