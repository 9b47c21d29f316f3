import StubSupport

/// The property of the whole stub, on a machine in memory, that `input` breaks, nil when all hold.
func fuzzedProperty(of input: [UInt8]) -> String? { brokenStubProperty(of: input) }
