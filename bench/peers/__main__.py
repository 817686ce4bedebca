"""``python -m bench.peers``: the command `logferry bench peers` by itself."""

import typer

from deploy.cli.bench_peers import peers

if __name__ == "__main__":
    typer.run(peers)
