"""Look for a line until it is found, as `logferry search` finds it: find_line.py QUERY TIMEOUT_SECS [OPTIONS…]."""

import subprocess
import sys
import time

query, timeout_secs, *options = sys.argv[1:]
began = time.monotonic()
while True:
    search = ["logferry", "search", query, "--since", "10m", "--limit", "1", *options]
    found = subprocess.run(search, check=False, capture_output=True, text=True)
    if found.returncode == 0 and found.stdout.strip():
        sys.stdout.write(f"found after {time.monotonic() - began:.0f} s: {found.stdout.strip()}\n")
        break
    if time.monotonic() - began > float(timeout_secs):
        sys.exit(f"not found in {timeout_secs} s: {query}\n{found.stderr.strip()}")
    time.sleep(2)
