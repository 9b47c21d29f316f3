import RemoteProtocol
import X86

/// A breakpoint or watchpoint that kdbg has put into the target.
struct Breakpoint: Hashable {
  let kind: BreakpointKind
  let address: UInt64

  private var type: BreakpointType {
    switch kind {
    case .software: .software
    case .hardware: .hardware
    case .watchWrite: .writeWatchpoint
    case .watchRead: .readWatchpoint
    case .watchAccess: .accessWatchpoint
    }
  }

  /// True when reaching its address stops the machine.
  var stopsExecution: Bool { kind == .software || kind == .hardware }

  var insertion: [UInt8] { request("Z") }
  var removal: [UInt8] { request("z") }

  private func request(_ letter: String) -> [UInt8] {
    var request = Request(letter)
    request.append(hexadecimal: UInt64(type.rawValue))
    request.append(",")
    request.append(hexadecimal: address)
    request.append(",")
    request.append(hexadecimal: UInt64(max(kind.byteCount, 1)))
    return request.bytes
  }
}

extension BreakpointKind {
  /// The bytes watched; for a breakpoint the kind that x86 stubs expect, 1.
  public var byteCount: Int {
    switch self {
    case .software, .hardware: 1
    case .watchWrite(let byteCount), .watchRead(let byteCount), .watchAccess(let byteCount): byteCount
    }
  }

  /// True for what stops at writes.
  var isAboutWrites: Bool {
    switch self {
    case .watchWrite, .watchAccess: true
    case .software, .hardware, .watchRead: false
    }
  }

  /// What a stop reply calls it.
  var wireKind: Watchpoint.Kind {
    switch self {
    case .watchRead: .read
    case .watchAccess: .access
    default: .write
    }
  }
}

/// Whether a single step passes a breakpoint at RIP.
enum BreakpointStepping: Equatable {
  case untested
  /// It does: QEMU's translator.
  case direct
  /// It does not; the breakpoint is taken out for the step.
  case removeAndInsert
}
