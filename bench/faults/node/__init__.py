"""What happens on a node: writers that programs, runtimes and logrotate are, and faults of files, disks and clocks.

Each writer keeps count of the lines it wrote, so `bench.faults.judge` needs to know nothing of how.
`scenarios.SCENARIOS` is what the suite collects.
"""
