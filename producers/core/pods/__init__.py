"""Decisions about the pod watcher, without files, clients or clocks."""
