#!/bin/bash
# Fuzzes the protocol code with libFuzzer, which comes with the Swift toolchain. Usage: tools/fuzz.sh [MINUTES]
#
# Starts from Tests/Fuzz/corpus and keeps what it learns in build/fuzz/corpus. Exit status 0 when nothing was found, 1
# when an input breaks a property (it stands in build/fuzz, and belongs into Tests/Fuzz/corpus with the fix), 2 for
# wrong usage or when the fuzzer cannot be built.
set -uo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-1}
if ! [[ $minutes =~ ^([0-9]+(\.[0-9]+)?|\.[0-9]+)$ ]]; then
  echo "fuzz: the time is a number of minutes, not '$minutes'" >&2
  exit 2
fi
seconds=$(awk "BEGIN { printf \"%d\", $minutes * 60 }")
if [ "$seconds" -lt 1 ]; then
  echo "fuzz: less than a second is no time" >&2
  exit 2
fi

out=build/fuzz
mkdir -p $out/corpus

build() {
  # Optimised as the kernel is, and never -Ounchecked: every trap is a crash.
  swiftc -O -swift-version 6 -strict-memory-safety -warnings-as-errors -parse-as-library -wmo -sanitize=fuzzer \
    -I $out "$@"
}
build -module-name RemoteProtocol -emit-module -emit-module-path $out/RemoteProtocol.swiftmodule \
  -c gdbstub/RemoteProtocol/*.swift -o $out/RemoteProtocol.o &&
  build -module-name ProtocolFuzzer Tests/Fuzz/ProtocolProperties.swift Tests/Fuzz/FuzzerEntry.swift \
    $out/RemoteProtocol.o -o $out/protocol-fuzzer || {
  echo "fuzz: the fuzzer could not be built" >&2
  exit 2
}

log=$out/log
rm -f $out/crash-* $out/timeout-* $out/oom-*
# Swift's own handler of a trap would end the program before libFuzzer has written the input down.
export SWIFT_BACKTRACE=enable=no
$out/protocol-fuzzer -max_total_time="$seconds" -max_len=512 -use_value_profile=1 -timeout=10 -rss_limit_mb=1024 \
  -dict=Tests/Fuzz/protocol.dict -artifact_prefix=$out/ -verbosity=0 -print_final_stats=1 \
  $out/corpus Tests/Fuzz/corpus >$log 2>&1
status=$?
if [ $status != 0 ]; then
  cat $log
  echo "fuzz: an input breaks a property: $(ls $out/crash-* $out/timeout-* $out/oom-* 2>/dev/null)" >&2
  exit 1
fi
inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' $log)
if [ -z "$inputs" ] || [ "$inputs" -lt 1000 ]; then
  cat $log
  echo "fuzz: only ${inputs:-no} inputs were tried: that checks nothing" >&2
  exit 1
fi
echo "fuzz: $inputs inputs in $seconds s, none broke a property"
