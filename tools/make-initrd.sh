#!/bin/sh
# Packs programs into a cpio archive, reproducibly. Usage: make-initrd.sh BUILD-DIRECTORY OUTPUT PROGRAM...
set -eu
source=$1
output=$2
shift 2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for program in "$@"; do
  objcopy --strip-all "$source/$program" "$root/$program"
  touch -d @0 "$root/$program"
done
mkdir -p "$(dirname "$output")"
printf '%s\n' "$@" | (cd "$root" && cpio --quiet --reproducible -o -H newc -R 0:0) >"$output"
