import Inspect
import Report
import Symbols
import X86

extension Backtrace: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    var number = 0
    for entry in entries {
      if let words = entry.frame.origin.boundary(entry.frame) { page.line("    " + words, .quiet) }
      for line in entry.lines(page) {
        let label = "#\(number)".padding(to: 4)
        page.line(label + line)
        number += 1
      }
      if let trap = entry.trap, let function = entry.functions.first {
        page.line("    " + page.paint("Swift runtime failure: \(trap) in \(function.name)", .bad))
      }
    }
    if let words = end.words { page.line("(\(words))", .warning) }
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "frames": .array(entries.map(\.json)),
      "end": .string(end.word),
      "endText": .optional(end.words, JSONValue.string),
    ]
  }
}

extension Backtrace.Entry {
  /// One line for each function.
  fileprivate func lines(_ page: TextPage) -> [String] {
    let address = frame.address.rawValue.hexadecimal(digits: 16)
    guard !functions.isEmpty else { return [address + " in ??"] }
    return functions.map { function in
      // A line says more than an offset.
      let offset = function.line == nil && !function.isInlined ? name?.text : nil
      return address + " in " + page.paint(offset ?? function.name, .symbol)
        + (function.isInlined ? page.paint(" (inlined)", .quiet) : "")
        + (function.line.map { " at \($0)" } ?? "")
    }
  }

  fileprivate var json: JSONValue {
    [
      "address": .hexadecimal(frame.address.rawValue),
      "stackPointer": .optional(frame.registers.rsp, JSONValue.hexadecimal),
      "ring": .number(frame.isUser ? 3 : 0),
      "symbol": .optional(name) { .string($0.text) },
      "origin": .string(frame.origin.word),
      "exceptionFrame": .optional(frame.origin.exceptionFrame) {
        [
          "address": .hexadecimal($0.address.rawValue), "evidence": .string($0.evidence.word),
          "vector": .optional($0.vector) { .number(Int($0)) },
        ]
      },
      "functions": .array(functions.map(\.json)),
      "trap": .optional(trap, JSONValue.string),
    ]
  }
}

extension FunctionScope {
  public var json: JSONValue {
    [
      "name": .string(name), "inlined": .bool(isInlined), "file": .optional(line) { .string($0.file) },
      "line": .optional(line) { .number($0.line) },
    ]
  }
}

extension StackFrame.Origin {
  /// How the frame was found, in words.
  public var words: String {
    switch self {
    case .processor: "the processor's registers"
    case .callFrameInformation: "call-frame information"
    case .returnAddress: "the return address on top of the stack"
    case .framePointer: "the frame pointer"
    case .exceptionFrame(let found):
      "the exception frame at \(found.address.rawValue.hexadecimal)"
        + (found.evidence == .words ? ", a guess by its words" : "")
    case .systemCall: "RCX, which syscall has filled"
    }
  }

  /// The exception frame that the frame was found by.
  fileprivate var exceptionFrame: StackFrame.ExceptionFrame? {
    guard case .exceptionFrame(let found) = self else { return nil }
    return found
  }

  /// What stands between a handler and what it interrupted; nil where nothing does.
  fileprivate func boundary(_ frame: StackFrame) -> String? {
    switch self {
    case .exceptionFrame(let found): found.words(ring: frame.isUser ? 3 : 0)
    case .systemCall: "syscall, from Ring 3"
    default: nil
    }
  }

  fileprivate var word: String {
    switch self {
    case .processor: "processor"
    case .callFrameInformation: "callFrameInformation"
    case .returnAddress: "returnAddress"
    case .framePointer: "framePointer"
    case .exceptionFrame: "exceptionFrame"
    case .systemCall: "systemCall"
    }
  }
}

extension StackFrame.ExceptionFrame {
  fileprivate func words(ring: Int) -> String {
    let cause = vector.map { " of \(vectorName($0))" } ?? ""
    let place = "exception frame at \(address.rawValue.hexadecimal)\(cause) from Ring \(ring)"
    switch evidence {
    case .callFrameInformation, .processor: return place
    case .stackTop: return place + ", the top of a stack of the TSS; frames before it may be missing"
    case .words: return place + ", a guess by its words; frames before it may be missing"
    }
  }
}

extension StackFrame.ExceptionFrame.Evidence {
  fileprivate var word: String {
    switch self {
    case .callFrameInformation: "callFrameInformation"
    case .processor: "processor"
    case .stackTop: "stackTop"
    case .words: "words"
    }
  }
}

extension StackEnd {
  /// Why no frame follows, in words; nil for a stack that ends where it began.
  public var words: String? {
    switch self {
    case .outermost: nil
    case .noFramePointer: "no call-frame information, and RBP = 0 is no frame pointer"
    case .limit: "more frames may follow"
    case .unreadable(let address): "the stack cannot be read at \(address.rawValue.hexadecimal)"
    case .wildReturnAddress(let value): "\(value.hexadecimal) is no return address"
    case .unknown(let rbp?): "no call-frame information, and RBP = \(rbp.hexadecimal) is no frame pointer"
    case .unknown(nil): "no call-frame information, and RBP is not known"
    case .loop: "the stack leads back to a frame above"
    case .damagedInformation: "the call-frame information is damaged here"
    }
  }

  fileprivate var word: String {
    switch self {
    case .outermost: "outermost"
    case .noFramePointer: "noFramePointer"
    case .limit: "limit"
    case .unreadable: "unreadable"
    case .wildReturnAddress: "wildReturnAddress"
    case .unknown: "unknown"
    case .loop: "loop"
    case .damagedInformation: "damagedInformation"
    }
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
