/// The property of agent expressions that `input` breaks, nil when all hold.
func fuzzedProperty(of input: [UInt8]) -> String? { brokenAgentProperty(of: input) }
