#!/bin/bash
# Fuzzes what reads a client's bytes with libFuzzer and AddressSanitizer, which come with the Swift toolchain.
# Usage: tools/fuzz.sh [MINUTES] [FUZZER ...]
#
# The fuzzers share the time, all three unless some are named:
#   RemoteProtocol   the packet decoder and everything that reads a payload
#   AgentExpression  breakpoint conditions and commands: bytecode, and the tail of a Z packet
#   Stub             the whole stub on a machine in memory (Tests/StubSupport)
# Each starts from Tests/Fuzz/Corpus/FUZZER and keeps what it learns in build/fuzz/corpus/FUZZER. Exit status 0 when
# nothing was found, 1 when an input breaks a property (it stands in build/fuzz, and belongs into Tests/Fuzz/Corpus with
# the fix), 2 for wrong usage or when a fuzzer cannot be built.
set -uo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "fuzz: $2" >&2
  exit "$1"
}

minutes=${1:-1}
shift
fuzzers=("$@")
[ ${#fuzzers[@]} -gt 0 ] || fuzzers=(RemoteProtocol AgentExpression Stub)
[[ $minutes =~ ^([0-9]+(\.[0-9]+)?|\.[0-9]+)$ ]] || fail 2 "the time is a number of minutes, not '$minutes'"
for fuzzer in "${fuzzers[@]}"; do
  [ -f "Tests/Fuzz/Entries/$fuzzer.swift" ] && [ "$fuzzer" != FuzzerEntry ] || fail 2 "there is no fuzzer '$fuzzer'"
done
seconds=$(awk "BEGIN { printf \"%d\", $minutes * 60 / ${#fuzzers[@]} }")
[ "$seconds" -ge 1 ] || fail 2 "less than a second for each is no time"

out=build/fuzz
mkdir -p $out

# Optimised as the kernel is, and never -Ounchecked: every trap is a crash, and an access outside of a buffer is one.
compile() {
  swiftc -O -swift-version 6 -strict-memory-safety -warnings-as-errors -parse-as-library -wmo \
    "-sanitize=${sanitizers:-fuzzer,address}" -use-ld=lld -I $out "$@"
}
# One target of Package.swift: its name and its folder. What is only there for the tests does not guide the fuzzer.
module() {
  compile -module-name "$1" -emit-module -emit-module-path "$out/$1.swiftmodule" -c "$2"/*.swift -o "$out/$1.o"
}
# One fuzzer: its name, the sources of its property and what it is linked with.
fuzzer() {
  compile -module-name "$1Fuzzer" Tests/Fuzz/Entries/FuzzerEntry.swift "Tests/Fuzz/Entries/$1.swift" "${@:2}" \
    -o "$out/$1"
}
stub=("$out/Stub.o" "$out/RemoteProtocol.o" "$out/X86.o")
build() {
  module RemoteProtocol gdbstub/RemoteProtocol && module X86 kernel/X86 && module Stub gdbstub/Stub &&
    sanitizers=address module StubSupport Tests/StubSupport &&
    fuzzer RemoteProtocol Tests/Fuzz/ProtocolProperties.swift $out/RemoteProtocol.o &&
    fuzzer AgentExpression Tests/Fuzz/AgentExpressionFuzz.swift "${stub[@]}" &&
    fuzzer Stub $out/StubSupport.o "${stub[@]}"
}
build || fail 2 "a fuzzer could not be built"

# Swift's own handler of a trap would end the program before libFuzzer has written the input down.
export SWIFT_BACKTRACE=enable=no
# Nothing here frees by hand, so a leak would be one of the harness.
export ASAN_OPTIONS=detect_leaks=0

run() {
  local name=$1 limit=512 log=$out/$1.log inputs
  [ "$name" = Stub ] && limit=1024
  mkdir -p "$out/corpus/$name"
  rm -f "$out/$name-"*
  "$out/$name" -max_total_time="$seconds" -max_len=$limit -len_control=20 -use_value_profile=1 -timeout=10 -rss_limit_mb=2048 \
    -dict="Tests/Fuzz/$name.dict" -artifact_prefix="$out/$name-" -verbosity=0 -print_final_stats=1 \
    "$out/corpus/$name" "Tests/Fuzz/Corpus/$name" >"$log" 2>&1
  if [ $? != 0 ]; then
    cat "$log"
    echo "fuzz: an input breaks a property of $name: $(ls "$out/$name-"* 2>/dev/null)" >&2
    return 1
  fi
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if [ -z "$inputs" ] || [ "$inputs" -lt 100 ]; then
    cat "$log"
    echo "fuzz: only ${inputs:-no} inputs of $name were tried: that checks nothing" >&2
    return 1
  fi
  echo "fuzz: $name: $inputs inputs in $seconds s, none broke a property"
}
status=0
for fuzzer in "${fuzzers[@]}"; do run "$fuzzer" || status=1; done
exit $status
