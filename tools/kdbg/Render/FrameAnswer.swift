import Inspect
import Report
import X86

extension FrameView: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    page.line(
      page.paint("exception frame at \(address.fullHexadecimal)", .heading)
        + page.paint("  \(origin.words(names))", .quiet))
    var table = TextTable()
    table.row(.init("RIP"), .init(frame.rip.hexadecimal(digits: 16)), .init(place(names), .symbol))
    table.row(.init("CS"), .init(frame.cs.hexadecimal(digits: 16)), .init(frame.codeSelector.words))
    table.row(
      .init("RFLAGS"), .init(frame.rflags.rawValue.hexadecimal(digits: 16)),
      .init(words { $0.write(frame.rflags) }))
    table.row(.init("RSP"), .init(frame.rsp.hexadecimal(digits: 16)))
    table.row(.init("SS"), .init(frame.ss.hexadecimal(digits: 16)), .init(frame.stackSelector.words))
    if let errorCode {
      table.row(.init("error"), .init(errorCode.hexadecimal(digits: 16)), .init(errorWords ?? ""))
    }
    page.table(table)
  }

  private func place(_ names: any NameSource) -> String {
    names.name(of: VirtualAddress(frame.rip))?.text ?? ""
  }

  /// The vector, where the way the frame was found names exactly one.
  private var vector: ExceptionVector? {
    switch origin {
    case .handlerEntry(let vectors) where vectors.count == 1: ExceptionVector(rawValue: vectors[0])
    case .stackTop(_, .some(let vector)): ExceptionVector(rawValue: vector)
    default: nil
    }
  }

  private var errorWords: String? {
    guard let errorCode else { return nil }
    return vector == .pageFault ? words { $0.write(PageFaultErrorCode(rawValue: errorCode)) } : nil
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "address": .hexadecimal(address.rawValue),
      "origin": .string(origin.word),
      "rip": .hexadecimal(frame.rip),
      "symbol": .optional(names.name(of: VirtualAddress(frame.rip))) { .string($0.text) },
      "cs": .hexadecimal(frame.cs),
      "rflags": .hexadecimal(frame.rflags.rawValue),
      "rsp": .hexadecimal(frame.rsp),
      "ss": .hexadecimal(frame.ss),
      "user": .bool(frame.isUser),
      "errorCode": .optional(errorCode, JSONValue.hexadecimal),
      "vector": .optional(vector) { .number(Int($0.rawValue)) },
    ]
  }
}

extension FrameView.Origin {
  fileprivate func words(_ names: any NameSource) -> String {
    switch self {
    case .given: "as given"
    case .returnInstruction: "which iretq is about to pop"
    case .handlerEntry(let vectors):
      "pushed for \(vectors.map(vectorName).joined(separator: ", ")), at the handler's first instruction"
    case .stackTop(let field, let vector):
      "at the top of \(field.name)" + (vector.map { ", pushed for \(vectorName($0))" } ?? "")
    }
  }

  fileprivate var word: String {
    switch self {
    case .given: "given"
    case .returnInstruction: "returnInstruction"
    case .handlerEntry: "handlerEntry"
    case .stackTop: "stackTop"
    }
  }
}
