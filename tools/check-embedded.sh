#!/bin/sh
# Compiles the shared targets as the kernel does, in seconds and without SwiftPM: the host compiler does not
# notice what Embedded Swift refuses. Usage: tools/check-embedded.sh [-Onone]
set -eu
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for target in kernel/X86 kernel/RingTransition kernel/Report kernel/Core kernel/Drivers gdbstub/RemoteProtocol \
  gdbstub/Stub; do
  name=$(basename "$target")
  swiftc "${1:--O}" -parse-as-library -swift-version 6 -strict-memory-safety -warnings-as-errors -wmo \
    -target x86_64-unknown-none-elf -enable-experimental-feature Embedded -no-allocations \
    -Xcc -mno-red-zone -Xcc -mno-sse -Xcc -mno-sse2 -Xcc -mno-mmx \
    -I "$out" -module-name "$name" -emit-module -emit-module-path "$out/$name.swiftmodule" \
    -c $(find "$target" -name "*.swift") -o "$out/$name.o"
done
echo "shared targets: Embedded Swift accepts them"
