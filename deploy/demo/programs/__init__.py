"""The small programs that the demo runs, each with `python -m deploy.demo.programs.<name>`; standard library only.

They know nothing of logferry: they print what such programs print, and end quietly on SIGTERM.
"""
