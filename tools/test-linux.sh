#!/bin/bash
# Audits Debian's Linux and Ringside's own kernel, in which nothing is wrong, under QEMU. Exit status 0 when the audit
# agrees. Downloads the kernel's package into build/linux once.
set -euo pipefail
cd "$(dirname "$0")"
exec timeout 1800 python3 -m linux_check "$@"
