import Inspect
import Report
import RingTransition
import X86

extension VirtualAddress {
  /// All sixteen digits, as addresses stand in columns.
  public var fullHexadecimal: String { rawValue.hexadecimal(digits: 16) }
}

extension PageSize {
  var words: String { Render.words { $0.write(self) } }
}

extension PagingLevel {
  /// The table's name as a string: "PML4".
  var name: String { "\(tableName)" }
}

extension PageWalk {
  /// Why the walk came to no page.
  var reason: String { Render.words { $0.writeReason(of: self) } }
}

extension PageWalk.Step {
  /// `PML4[402]`.
  var name: String { Render.words { $0.writeName(level, index) } }
}

extension PageTableEntry {
  /// The set flags in the manual's letters, lowest bit first; `-` for none.
  func flagWords(at level: PagingLevel) -> String { Render.words { $0.write(flags: self, at: level) } }

  /// The same as an array.
  func flagNames(at level: PagingLevel) -> JSONValue {
    .array(flagWords(at: level).split(separator: " ").filter { $0 != "-" }.map { .string(String($0)) })
  }
}

extension PageRights {
  /// `rwx` with dashes, then who may.
  var words: String { Render.words { $0.write(self) } }
}

extension StackField {
  var name: String {
    switch self {
    case .ring(let ring): "RSP\(ring)"
    case .interruptStack(let slot): "IST\(slot)"
    }
  }
}

extension Rule {
  /// `RT-026`.
  public var identifier: String { Render.words { $0.writeIdentifier(self) } }

  /// `fatal`, `security` or `hygiene`.
  public var severityWord: String { Render.words { $0.write(severity) } }
}

extension Finding {
  /// What shows the violation; empty for a rule that is not violated.
  public var words: String {
    evidence.map { evidence in Render.words { $0.write(evidence, of: rule) } } ?? ""
  }

  /// Why the rule was not checked or does not apply; empty for a rule that was.
  public var missingWords: String {
    switch verdict {
    case .held, .violated: ""
    case .unknown(let missing): Render.words { $0.write(missing) }
    case .skipped(let reason): Render.words { $0.write(reason) }
    }
  }
}

extension SegmentSelector {
  /// `index 6, RPL 3`.
  var words: String {
    isNull
      ? "null, RPL \(requestedPrivilege)"
      : "\(isLocal ? "LDT " : "")index \(index), RPL \(requestedPrivilege)"
  }
}

extension [UInt8] {
  /// Vectors in a list.
  public var vectorWords: String { map(vectorName).joined(separator: ", ") }
}

/// `#DF` for the architecture's own vectors, else `vector 0x80`.
func vectorName(_ vector: UInt8) -> String { words { $0.writeVector(vector) } }

extension SystemRegister {
  var name: String {
    switch self {
    case .taskRegister: "TR"
    case .globalTable: "GDTR"
    case .interruptTable: "IDTR"
    case .localTable: "LDTR"
    }
  }
}

extension InspectionError {
  /// One line for the user.
  public var message: String {
    switch self {
    case .unknownRegister(let register): "the target does not give \(register.name)"
    case .otherLayout(.interruptTable, let base, .real):
      "the processor is in real mode: its interrupt vectors are at \(base.rawValue.hexadecimal), and no gates (x/2xw)"
    case .otherLayout(.interruptTable, let base, .protected):
      "the processor is not in long mode: the IDT at \(base.rawValue.hexadecimal) holds gates of 8 bytes, which are not decoded"
    case .otherLayout(let register, let base, .real):
      "the processor is in real mode and does not use \(register.name) (base \(base.rawValue.hexadecimal))"
    case .otherLayout(let register, let base, .protected):
      "the processor is not in long mode: what \(register.name) names at \(base.rawValue.hexadecimal) has a layout that is not decoded"
    case .localTableNotLoaded: "LDTR holds the null selector: there is no local descriptor table"
    case .taskRegisterNotLoaded: "TR holds the null selector: LTR was never executed"
    case .unmapped(let address, let cr3):
      "\(address.rawValue.hexadecimal) cannot be read under CR3 \(cr3.rawValue.hexadecimal)"
    case .unreadable(let address): "physical memory at \(address.rawValue.hexadecimal) cannot be read"
    case .noFrame:
      "no exception frame: RIP is neither at an iretq nor at a handler's first instruction, "
        + "and RSP is in no stack of the TSS"
    }
  }
}
