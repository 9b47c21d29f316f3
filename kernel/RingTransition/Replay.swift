import X86

/// A delivery that was tried again on the present memory.
struct Replay: Sendable {
  let chain: DeliveryChain
  /// True when it gives what the machine shows: vector, error code, CR2, saved RIP, stack.
  let isProven: Bool
}

extension Examiner {
  /// Replays `event` on the stop's engine, and on the others that have a name until one gives what was observed:
  /// which one it was that ran is not always known. Without a match, the stop's own.
  func replay<Memory: PhysicalMemory & ~Copyable>(
    _ event: Event, to context: InterruptFrame, _ observation: Observation, _ memory: inout Memory
  ) -> Replay {
    replay(event, to: context, with: registers, observation, &memory)
  }

  /// The same with `registers` as they are taken to have been.
  func replay<Memory: PhysicalMemory & ~Copyable>(
    _ event: Event, to context: InterruptFrame, with registers: RegisterFile, _ observation: Observation,
    _ memory: inout Memory
  ) -> Replay {
    var delivery = Delivery(registers: registers, engine: stop.engine)
    let own = delivery.run(event, to: context, memory: &memory)
    if matches(own, observation) { return Replay(chain: own, isProven: true) }
    for position in 0..<Engine.presetCount {
      guard let engine = Engine.preset(position), engine != stop.engine else { continue }
      var delivery = Delivery(registers: registers, engine: engine)
      let chain = delivery.run(event, to: context, memory: &memory)
      if matches(chain, observation) { return Replay(chain: chain, isProven: true) }
    }
    return Replay(chain: own, isProven: false)
  }

  /// True when the prediction is what the machine shows.
  func matches(_ chain: DeliveryChain, _ observation: Observation) -> Bool {
    if let address = chain.faultAddress, address != registers.cr2 { return false }
    switch chain.end {
    case .shutdown: return observation.located == nil
    case .delivered(let arrival):
      guard let located = observation.located, arrival.savedRIP == located.frame.rip else { return false }
      // A frame alone does not say what pushed it: every event leaves the same five words.
      guard located.vector == arrival.vector else { return false }
      // The code of #SS for a stack pointer is 0 on one processor and the selector on another.
      if let code = located.errorCode, code != arrival.errorCode,
        arrival.vector != ExceptionVector.stackSegment.rawValue
      {
        return false
      }
      return located.address == arrival.stackTop &- InterruptFrame.byteCount
    case .recursion, .systemCall, .unknown: return false
    }
  }
}
