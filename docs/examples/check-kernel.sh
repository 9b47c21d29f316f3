#!/bin/sh
# The check of a kernel in CI: check-kernel.sh KERNEL [OPTIONS OF kdbg check]
#
# Leaves kdbg.xml, a JUnit report, and console.txt, what the guest printed; ends with the status of the check.
set -u

kernel=${1:?usage: check-kernel.sh KERNEL [OPTIONS]}
shift

status=0
kdbg check --run "$kernel" --for 300 --junit kdbg.xml "$@" 2>console.txt || status=$?
# kdbg's own words are in console.txt as well where it could not do its work.
if [ "$status" -gt 1 ]; then tail -n 20 console.txt >&2; fi
exit "$status"
