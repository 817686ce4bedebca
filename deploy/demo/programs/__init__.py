"""The small programs that the demo runs, each with `python -m deploy.demo.programs.<name>`.

They know nothing of logferry, but for `outputs`, and need the standard library only: they print what such programs
print, and end quietly on SIGTERM.
"""
