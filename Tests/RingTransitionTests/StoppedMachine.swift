import RingTransition
import TestSupport
import X86

extension TestMachine {
  /// Stands the machine in a handler that has come `depth` bytes far: the frame ends at `top`, with an error
  /// code below it where one is given.
  mutating func standInHandler(
    of vector: UInt8, frame: InterruptFrame, errorCode: UInt64?, top: UInt64, cr2: UInt64,
    depth: UInt64 = 0x98
  ) {
    registers.rsp = top - InterruptFrame.byteCount
    setFrame(frame)
    if let errorCode {
      registers.rsp -= 8
      storeVirtual(errorCode, at: registers.rsp)
    }
    registers.rip = Layout.handler(vector)
    if depth > 0 {
      registers.rsp -= depth
      registers.rip = Layout.kernelText + 0x80
    }
    registers.cs = SegmentSelector(rawValue: 0x08)
    registers.ss = SegmentSelector(rawValue: 0)
    registers.rflags = .fixedOne
    registers.cr2 = cr2
  }

  /// Stands the machine in the #DF handler on IST1 with the frame of a program in Ring 3.
  mutating func standInDoubleFault(
    rip: UInt64 = Layout.interruptInstruction, cr2: UInt64, depth: UInt64 = 0x98
  ) {
    standInHandler(
      of: 8, frame: TestMachine.program(at: rip), errorCode: 0, top: Layout.interruptStackTop(1), cr2: cr2,
      depth: depth)
  }

  /// Stands the machine where a triple fault leaves it: in the program whose event could not be delivered.
  mutating func standInTripleFault(rip: UInt64 = Layout.interruptInstruction, cr2: UInt64) {
    enterRingThree(at: rip)
    registers.cr2 = cr2
  }

  /// What `diagnose` makes of this machine.
  func diagnosed(_ kind: StopState.Kind, _ change: (inout StopState) -> Void = { _ in }) -> Diagnosis {
    var machine = self
    var stop = StopState(kind)
    change(&stop)
    return diagnose(&machine, stop: stop)
  }
}

extension Diagnosis {
  /// Cause, confidence, rule and chain in one line.
  var summary: String {
    var words = [cause.identifier.map { "\($0)" } ?? "\(cause)", "\(confidence)"]
    if let rule { words.append("RT-\(rule.number)") }
    if let chain { words.append(chain.summary) }
    return words.joined(separator: " | ")
  }
}
