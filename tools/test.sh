#!/bin/bash
# Runs every test and ends with the line `N passed, M failed`. Exit status 0 only when something ran and nothing
# failed.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
rm -f build/tests*.xml
lint=0
make lint || lint=1
swift test --scratch-path .build --parallel --num-workers 2 --xunit-output build/tests.xml 2>&1 | tools/quiet-tests.py
status=${PIPESTATUS[0]}
# One test per row, in build/tests-fault-matrix.xml.
tools/fault-matrix.sh | grep -v '^right'
[ -e build/tests-fault-matrix.xml ] || status=1
# Debian's Linux, where it can be had: build/tests-linux.xml.
tools/test-linux.sh --smallest | grep -v '^right'
case ${PIPESTATUS[0]} in
0 | 1) ;;
3) echo "test: the tests on Linux were left out" ;;
*) status=1 ;;
esac
tools/count-tests.py "$status" "$lint" build/tests*.xml
