import Inspect
import Session
import X86

/// An explanation, and what QEMU's own log says beside the replayed chain.
public struct WitnessedExplanation: Answer {
  let explanation: Explanation
  let testimony: Testimony

  public init(explanation: Explanation, testimony: Testimony) {
    self.explanation = explanation
    self.testimony = testimony
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    explanation.write(to: &page, names: names)
    guard let chain = testimony.chain else {
      page.line(page.paint("the recorded chain", .heading) + ": nothing since the log was turned on")
      return
    }
    let verdict =
      switch testimony.agrees {
      case true?: page.paint("it agrees with the replayed one", .good)
      case false?: page.paint("IT DIFFERS from the replayed one", .bad)
      case nil: page.paint("there is no replayed one that it can be compared with", .quiet)
      }
    page.line(page.paint("the recorded chain", .heading) + ": \(chain.words); " + verdict)
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    var members = explanation.members(names: names)
    members["recorded"] = .array(testimony.chain.map { $0.deliveries.map(\.json) } ?? [])
    members["recordedText"] = .optional(testimony.chain) { .string($0.words) }
    members["agrees"] = .optional(testimony.agrees, JSONValue.bool)
    return members
  }
}

extension RecordedChain {
  /// `int 0x80 -> #PF (error 0x2, CR2 0x...) -> #DF (error 0x0)`.
  fileprivate var words: String {
    deliveries.map(\.words).joined(separator: " -> ") + (isShutdown ? " -> shutdown" : "")
  }
}

extension RecordedDelivery {
  fileprivate var words: String {
    var details: [String] = []
    if let pushed { details.append("error \(pushed.hexadecimal)") }
    if let faultAddress { details.append("CR2 \(faultAddress.hexadecimal)") }
    return name + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))")
  }

  fileprivate var json: JSONValue {
    [
      "vector": .number(Int(vector)), "name": .string(name),
      "errorCode": .optional(pushed, JSONValue.hexadecimal),
      "cr2": .optional(faultAddress, JSONValue.hexadecimal), "rip": .hexadecimal(rip),
    ]
  }

  private var name: String {
    switch origin {
    case .software where vector != ExceptionVector.breakpoint.rawValue: "int \(UInt64(vector).hexadecimal)"
    case .external where vector != ExceptionVector.nonMaskableInterrupt.rawValue:
      "interrupt \(UInt64(vector).hexadecimal)"
    case .software, .external, .exception: vectorName(vector)
    }
  }

  /// The error code, where the vector has one and an instruction did not choose it.
  private var pushed: UInt64? {
    guard case .exception = origin, ExceptionVector(rawValue: vector)?.pushesErrorCode == true else {
      return nil
    }
    return errorCode
  }
}
