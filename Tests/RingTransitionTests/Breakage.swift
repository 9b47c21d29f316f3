import RingTransition
import TestSupport
import Testing
import X86

/// One thing broken in the healthy machine, and what the audit must say of it.
struct Breakage: CustomTestStringConvertible, Sendable {
  let name: String
  /// The violated rules that follow from no other.
  let roots: [UInt16]
  /// The violated rules that follow from those.
  let followers: [UInt16]
  /// The rules that can no longer be answered.
  let unchecked: [UInt16]
  let options: AuditOptions
  let apply: @Sendable (inout TestMachine) -> Void

  init(
    _ name: String, _ roots: [UInt16], follows followers: [UInt16] = [], unchecked: [UInt16] = [],
    options: AuditOptions = .declared, _ apply: @escaping @Sendable (inout TestMachine) -> Void
  ) {
    self.name = name
    self.roots = roots
    self.followers = followers
    self.unchecked = unchecked
    self.options = options
    self.apply = apply
  }

  var testDescription: String { name }

  var machine: TestMachine {
    var machine = TestMachine.healthy
    apply(&machine)
    return machine
  }

  static var all: [Breakage] {
    frame + segments + userState + taskState + taskFields + kernelStack + interruptStacks + machineEvents
      + gates + tables + addressSpace + systemCalls + systemReturns + control
  }
}

extension AuditOptions {
  /// The declared options, with one changed.
  static func declared(_ change: (inout AuditOptions) -> Void) -> AuditOptions {
    var options = AuditOptions.declared
    change(&options)
    return options
  }
}
