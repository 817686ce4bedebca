"""A small container runtime and kubelet that run real programs and write their logs as a Kubernetes node does.

`cri` formats lines, `logfile` writes them, `rotation` rotates, `pods` names and remembers, `runtime` runs. `demo` and
`programs` are what `logferry up --demo` runs; `load` and `oracle` are what tests and benchmarks measure with.
"""
