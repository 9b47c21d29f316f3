import Inspect
import Render

extension ReturnChecker.Site {
  /// One site in JSON. `watch` says why the machine is not stopped there, or that a debug register does it.
  func members(names: any NameSource) -> JSONValue {
    var members: [String: JSONValue] = [
      "address": .hexadecimal(address.rawValue),
      "instruction": .string(instruction),
      "symbol": .optional(names.name(of: address)) { .string($0.text) },
      "returns": .number(returns), "kernelReturns": .number(kernelReturns),
    ]
    if let word = watch.word { members["watch"] = .string(word) }
    return .object(members)
  }
}

extension ReturnChecker.Watch {
  /// Nil where the machine is stopped by a breakpoint like others.
  fileprivate var word: String? {
    switch self {
    case .on: nil
    case .onInHardware: "debug register"
    case .leadsBack: "leads to the instruction behind it"
    case .noPlace: "no debug register left"
    case .gone: "not in memory any more"
    }
  }
}

extension ReturnChecker {
  /// What is not stopped at, and why; a line for each reason.
  var unwatchedWords: [String] {
    func count(_ watch: Watch) -> String {
      let count = sites.count { $0.watch == watch }
      return count == 1 ? "1 return instruction" : "\(count) return instructions"
    }
    var words: [String] = []
    if sites.contains(where: { $0.watch == .leadsBack }) {
      words.append("\(count(.leadsBack)) not watched: iretq to the instruction behind it, in Ring 0")
    }
    if sites.contains(where: { $0.watch == .noPlace }) {
      words.append(
        "\(count(.noPlace)) not watched: not surely instructions, or more than there are debug registers")
    }
    if sites.contains(where: { $0.watch == .gone }) {
      words.append("\(count(.gone)) not watched: memory has something else there by now")
    }
    if compatibilityReturns > 0 {
      let places = compatibilityReturns == 1 ? "1 place" : "\(compatibilityReturns) places"
      words.append("not audited: returns to compatibility mode by sysret or sysexit, at \(places)")
    }
    return words
  }
}
