import Inspect
import Render
import X86

/// `catch`: what is caught.
struct CatchAnswer: Answer {
  let caught: CaughtEvents

  func write(to page: inout TextPage, names: any NameSource) {
    guard !caught.isEmpty else {
      page.line("Nothing is caught.")
      return
    }
    writeVectors(to: &page, names)
    if let returns = caught.userReturns {
      page.line("Catching the way into Ring 3, at \(returns.words("iretq and sysretq"))\(once(.ring3))")
      writeSource(of: returns, to: &page)
    }
    if let entries = caught.entries {
      let call = entries.systemCall.map { " and at LSTAR, \($0.hexadecimal)" } ?? ""
      page.line("Catching the way into Ring 0, at \(entries.handlers.count) handlers\(call)\(once(.ring0))")
      if entries.systemCall == nil {
        page.line("LSTAR is not known: an entry by syscall goes unseen.", .warning)
      }
    }
    if let loads = caught.rootTableLoads {
      let value = caught.wantedRoot.map { " with \($0.root.address.rawValue.hexadecimal)" } ?? ""
      page.line("Catching loads of CR3\(value), at \(loads.words("mov to CR3"))\(once(.rootTable))")
      writeSource(of: loads, to: &page)
    }
  }

  private func writeVectors(to page: inout TextPage, _ names: any NameSource) {
    let vectors = caught.vectors
    if vectors.vectors.count == 256 {
      page.line("All vectors are caught, at \(vectors.handlers.count) handlers\(once(.vectors))")
      return
    }
    for (address, numbers) in vectors.handlers.sorted(by: { $0.value[0] < $1.value[0] }) {
      let name = names.name(of: VirtualAddress(address)).map { ": " + page.paint($0.text, .symbol) } ?? ""
      page.line("Catching \(numbers.vectorWords) at \(address.hexadecimal)\(name)\(once(.vectors))")
    }
    let rest = vectors.withoutHandler
    if !rest.isEmpty { page.line("No gate delivers \(rest.vectorWords) now.", .warning) }
  }

  private func once(_ event: CaughtEvents.Event) -> String { caught.once.contains(event) ? ", once" : "" }

  private func writeSource(of instructions: CaughtInstructions, to page: inout TextPage) {
    if instructions.addresses.isEmpty { page.line("There is none: nothing will be caught.", .warning) }
    if instructions.source == .partOfMemory {
      page.line("More memory is executable than is searched: some may be missing.", .warning)
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "vectors": .array(caught.vectors.vectors.sorted().map { .number(Int($0)) }),
      "handlers": .array(
        caught.vectors.handlers.sorted { $0.value[0] < $1.value[0] }.map { address, vectors in
          [
            "address": .hexadecimal(address), "vectors": .array(vectors.map { .number(Int($0)) }),
            "symbol": .optional(names.name(of: VirtualAddress(address))) { .string($0.text) },
          ]
        }),
      "ring3": .optional(caught.userReturns) { $0.json },
      "ring0": .optional(caught.entries) { entries in
        [
          "handlers": .array(entries.handlers.keys.sorted().map(JSONValue.hexadecimal)),
          "lstar": .optional(entries.systemCall, JSONValue.hexadecimal),
        ]
      },
      "cr3": .optional(caught.rootTableLoads) { $0.json },
      "cr3Value": .optional(caught.wantedRoot) { .hexadecimal($0.root.address.rawValue) },
      "once": .array(caught.once.map(\.word).sorted().map(JSONValue.string)),
    ]
  }
}

extension CaughtEvents.Event {
  fileprivate var word: String {
    switch self {
    case .vectors: "vectors"
    case .ring3: "ring3"
    case .ring0: "ring0"
    case .rootTable: "cr3"
    }
  }
}

extension CaughtInstructions {
  /// `2 instructions (iretq and sysretq)`.
  fileprivate func words(_ kind: String) -> String {
    let count = addresses.count == 1 ? "1 instruction" : "\(addresses.count) instructions"
    return source == .file ? "\(count) (\(kind))" : "\(count) found in memory (\(kind))"
  }

  fileprivate var json: JSONValue {
    [
      "addresses": .array(addresses.sorted().map(JSONValue.hexadecimal)),
      "source": .string(source == .file ? "file" : "memory"), "complete": .bool(source != .partOfMemory),
    ]
  }
}
