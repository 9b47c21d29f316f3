#!/bin/bash
# The main job, shown: two boots under `kdbg check`. Exit status 0 only if the healthy one held and the faulty one was
# stopped before the fatal iretq, with the cause that was put into it.
set -euo pipefail
cd "$(dirname "$0")/.."
transcript=$(mktemp)
trap 'rm -f "$transcript"' EXIT

# Runs kdbg, shows and keeps what it prints, and compares its exit status.
boot() {
  local expected=$1 status=0
  shift
  echo "\$ build/kdbg $*"
  build/kdbg "$@" 2>&1 | tee "$transcript" || status=${PIPESTATUS[0]}
  echo
  if [ "$status" != "$expected" ]; then
    echo "run: kdbg ended with status $status, expected $expected" >&2
    exit 1
  fi
}

wants() {
  if ! grep -qF -- "$1" "$transcript"; then
    echo "run: kdbg did not say: $1" >&2
    exit 1
  fi
}

echo "--- 1. The healthy boot: every return to Ring 3 is audited before its iretq."
echo
boot 0 check --run build/kernel.elf
wants "✓ BASELINE PASSED"
wants "all held"

echo "--- 2. The same kernel, with the kernel stack missing from the first process's page table."
echo
boot 1 check --run build/kernel.elf --fault rsp0-pml4
wants "RT-026"
wants "PML4[402]"
wants "0x10000019"

echo "Both came out as they should. Next: start any kernel with 'qemu-system-x86_64 -s ...' and type"
echo
echo "    build/kdbg attach"
