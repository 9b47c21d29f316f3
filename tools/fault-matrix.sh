#!/bin/bash
# Provokes every fault of the kernel's list, or those that match the patterns given, and holds kdbg and the machine to
# Tests/FaultMatrix/specification.tsv. Exit status 0 when no row is wrong.
set -euo pipefail
cd "$(dirname "$0")"
exec timeout 900 python3 -m fault_matrix "$@"
