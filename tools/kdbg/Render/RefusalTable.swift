import Inspect
import Report
import RingTransition
import X86

extension Explanation.Refusal {
  /// The refused walk level by level, and beside it the walk under the table that maps the address.
  func comparison() -> TextTable {
    let here = translation.walk
    var there: PageWalk?
    var table = TextTable()
    var headings: [TextTable.Cell] = [
      .init(""), .init("CR3 \(translation.cr3.root.address.rawValue.hexadecimal), loaded", .quiet),
    ]
    if case .mapped(let reference, let other) = elsewhere {
      there = other.walk
      headings.append(
        .init(
          "CR3 \(reference.cr3.root.address.rawValue.hexadecimal), \(reference.source.words)", .quiet))
    }
    table.row(headings)
    for position in 0..<max(here.count, there?.count ?? 0) {
      let mine = position < here.count ? here[position] : nil
      let other = there.flatMap { position < $0.count ? $0[position] : nil }
      guard let name = (mine ?? other)?.name else { continue }
      let isEnd = position == here.count - 1 && here.physicalAddress == nil
      var cells: [TextTable.Cell] = [.init(name, isEnd ? .bad : .plain)]
      cells.append(Self.cell(mine, isEnd ? .bad : .plain))
      if there != nil { cells.append(Self.cell(other, .plain)) }
      table.row(cells)
    }
    var last: [TextTable.Cell] = [.init(here.address.rawValue.hexadecimal)]
    last.append(.init(Self.end(of: here), here.physicalAddress == nil ? .bad : .plain))
    if let there { last.append(.init(Self.end(of: there), .good)) }
    table.row(last)
    return table
  }

  private static func cell(_ step: PageWalk.Step?, _ tone: Tone) -> TextTable.Cell {
    guard let step else { return .init("") }
    let flags = step.entry.isPresent ? step.entry.flagWords(at: step.level) : "not present"
    return .init("\(step.entry.rawValue.hexadecimal(digits: 16))  \(flags)", tone)
  }

  private static func end(of walk: PageWalk) -> String {
    guard let physical = walk.physicalAddress else { return "not mapped" }
    let frame = PhysicalFrame(containing: physical).address.rawValue.hexadecimal
    return "frame \(frame), \(walk.rights.words)"
  }

  var json: JSONValue {
    var members = translation.walk.members
    members["address"] = .hexadecimal(translation.walk.address.rawValue)
    members["cr3"] = .hexadecimal(translation.cr3.rawValue)
    members["access"] = .string(words { $0.write(access) })
    if case .pageFault(let code) = result { members["errorCode"] = .hexadecimal(code.rawValue) }
    if case .mapped(let reference, let other) = elsewhere {
      var there = other.walk.members
      there["cr3"] = .hexadecimal(reference.cr3.rawValue)
      there["source"] = .string(reference.source.word)
      there["frame"] = .optional(other.walk.physicalAddress) {
        .hexadecimal(PhysicalFrame(containing: $0).address.rawValue)
      }
      members["reference"] = .object(there)
    } else {
      members["reference"] = .null
    }
    switch elsewhere {
    case .mapped: members["elsewhere"] = "mapped"
    case .nothingKnown: members["elsewhere"] = "nothingKnown"
    case .nowhere(let tables):
      members["elsewhere"] = "nowhere"
      members["tablesWithoutIt"] = .array(tables.map { .hexadecimal($0.cr3.root.address.rawValue) })
    }
    return .object(members)
  }
}

extension DeliveryChain {
  /// The chain as data, and as the line that a person reads.
  var json: JSONValue {
    var members: [String: JSONValue] = [
      "text": .string(words { $0.write(self) }),
      "event": .string(words { $0.write(event) }),
      "attempts": .array(
        (0..<count).compactMap { self[$0] }.map { attempt in
          [
            "vector": .optional(attempt.vector) { .number(Int($0)) },
            "name": .string(attempt.vector.map(vectorName) ?? "syscall"),
            "errorCode": .optional(attempt.errorCode, JSONValue.hexadecimal),
            "stack": .optional(attempt.stack) { stack in .string(words { $0.write(stack) }) },
            "failedAt": .optional(attempt.failure) { failure in
              .string(words { $0.write(failure.step) })
            },
          ]
        }),
      "cr2": .optional(faultAddress, JSONValue.hexadecimal),
      "engine": .string("\(engine.name)"),
    ]
    switch end {
    case .delivered(let arrival):
      members["end"] = "delivered"
      members["vector"] = .number(Int(arrival.vector))
      members["handler"] = .hexadecimal(arrival.handler.rawValue)
      members["savedRIP"] = .hexadecimal(arrival.savedRIP)
    case .systemCall(let entry):
      members["end"] = "systemCall"
      members["handler"] = .hexadecimal(entry.rip)
    case .shutdown: members["end"] = "shutdown"
    case .recursion(let vector):
      members["end"] = "recursion"
      members["vector"] = .number(Int(vector))
    case .unknown: members["end"] = "unknown"
    }
    return .object(members)
  }
}
