# Our wheel and the images' bill of materials, below /ours: files that are copied over what is there already.
set -eu
/tools/bin/uv pip install -q --no-deps --prefix /ours/opt/logferry /wheel/*.whl
rm -f /ours/opt/logferry/.lock
python3 -m compileall -q -s /ours --invalidation-mode unchecked-hash /ours/opt/logferry/lib
/tools/bin/cyclonedx-py environment --pyproject /build/pyproject.toml --mc-type application --output-reproducible \
    --output-format JSON --output-file /build/python.cdx.json /opt/logferry/bin/python
/tools/bin/python /build/sbom.py /build/python.cdx.json /rootfs/var/lib/dpkg/status /ours/usr/share/sbom/logferry.cdx.json
