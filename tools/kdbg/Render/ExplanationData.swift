import Inspect
import Report
import RingTransition
import X86

/// The same verdict as data: whatever the text says is a member here.
extension Explanation {
  /// What the return raises instead of returning; nil where it returns.
  private var returnFault: JSONValue? {
    guard case .returnFault(let fault, let kind)? = next?.source else { return nil }
    return [
      "text": .string(words { $0.write(fault, at: kind) }), "rule": .string(fault.rule.identifier),
      "ring": .number(Int(fault.context.codeSelector.requestedPrivilege)),
      "rip": .hexadecimal(fault.context.rip),
    ]
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "cr3": .hexadecimal(registers.cr3.rawValue),
      "process": .optional(process) { .number(Int(truncatingIfNeeded: $0.number)) },
      "refused": .optional(refused) { $0.json },
      "chain": .optional(chain) { $0.json },
      "returnFault": .optional(returnFault) { $0 },
      "next": .optional(next) { $0.json(names) },
      "foreseen": .optional(foreseen) { cause in
        [
          "cause": .optional(cause.identifier) { .string("\($0)") },
          "text": .string(words { $0.write(cause) }),
        ]
      },
    ]
    switch finding {
    case .violation(let audit):
      members["verdict"] = "violation"
      members["endsCheck"] = .bool(audit.endsCheck)
      members["audit"] = .object(audit.members(names: names))
      members["rule"] = .optional(audit.root) { .string($0.rule.identifier) }
      members["text"] = .optional(audit.root) { .string(headline($0.rule) ?? $0.words) }
      members["fix"] = .optional(audit.root) { .string($0.fixWords) }
    case .ready(let audit):
      members["verdict"] = "ready"
      members["audit"] = .object(audit.members(names: names))
    case .stop(let diagnosis) where nothingHappened(diagnosis):
      members["verdict"] = isInRingThree ? "running" : "nothing"
      members["text"] = .string(isInRingThree ? Self.running : Self.nothingToExplain)
      for absent in ["cause", "confidence", "rule", "proof", "change", "fix"] { members[absent] = .null }
      members["eventIsDecoded"] = false
      members["rip"] = .hexadecimal(registers.rip)
      members["ring"] = registers.isLongMode ? .number(Int(registers.cs.requestedPrivilege)) : .null
    case .stop(let diagnosis):
      members["verdict"] = "diagnosis"
      members["cause"] = .optional(diagnosis.cause.identifier) { .string("\($0)") }
      members["text"] = .string(words { $0.write(diagnosis.cause) })
      members["confidence"] = .string(words { $0.write(diagnosis.confidence) })
      members["rule"] = .optional(diagnosis.rule) { .string($0.identifier) }
      members["rip"] = .optional(diagnosis.context) { .hexadecimal($0.rip) }
      members["ring"] = .optional(diagnosis.context) { .number(Int($0.codeSelector.requestedPrivilege)) }
      members["proof"] = .optional(proof(of: diagnosis), JSONValue.string)
      members["eventIsDecoded"] = .bool(diagnosis.eventIsDecoded)
      members["change"] = .optional(diagnosis.change) { change in
        [
          "level": .string(change.level.name), "entryAddress": .hexadecimal(change.address.rawValue),
          "before": .hexadecimal(change.before.rawValue), "now": .hexadecimal(change.now.rawValue),
        ]
      }
      members["fix"] = .string(words { $0.writeFix(for: diagnosis.cause) })
    }
    return members
  }
}

extension NextEntry {
  /// Whether an interrupt may come before the instruction that is shown.
  var mayBeInterrupted: Bool { chain.context.rflags.contains(.interruptEnable) }

  fileprivate func json(_ names: any NameSource) -> JSONValue {
    var members: [String: JSONValue] = ["chain": chain.json]
    switch source {
    case .instruction(let instruction):
      members["source"] = "instruction"
      members["instruction"] = .string(instruction.description)
      members["address"] = .hexadecimal(instruction.address.rawValue)
      members["symbol"] = .optional(names.name(of: instruction.address)) { .string($0.text) }
      members["interruptMayComeBefore"] = .bool(mayBeInterrupted)
    case .interrupt: members["source"] = "interrupt"
    case .returnFault: members["source"] = "returnFault"
    }
    return .object(members)
  }
}
