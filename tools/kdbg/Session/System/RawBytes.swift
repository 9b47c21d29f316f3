extension [UInt8] {
  /// Lets `body` fill the array's bytes in place.
  public mutating func withRawBytes<Value, Failure: Error>(
    _ body: (inout MutableRawSpan) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    var span = mutableSpan
    // SAFETY: every bit pattern is a `UInt8`, so raw writes cannot make an invalid one.
    var bytes = unsafe span.mutableBytes
    return try body(&bytes)
  }
}
