// The function that libFuzzer calls for every input. Not part of the tests: tools/fuzz.sh builds it with one of the
// files beside it, which says what must hold.

/// - Parameters:
///   - bytes: the input; may be nil when it is empty.
///   - count: its length in bytes.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // SAFETY: libFuzzer guarantees `count` readable bytes for the time of the call, and they are copied here.
  let input = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  if let property = fuzzedProperty(of: input) { fatalError(property) }
  return 0
}
