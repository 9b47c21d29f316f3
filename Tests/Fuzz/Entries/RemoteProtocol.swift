/// The property of the protocol code that `input` breaks, nil when all hold.
func fuzzedProperty(of input: [UInt8]) -> String? { brokenProtocolProperty(of: input) }
