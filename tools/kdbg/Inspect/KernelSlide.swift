import X86

/// How far a kernel lies from where it was linked: the handlers of the live IDT, looked for in its file.
public enum KernelSlide: Equatable, Sendable {
  /// Moved by so many bytes, as so many handlers say. SDM Vol. 3A, 6.10: an IDT holds linear addresses.
  case found(UInt64, handlers: Int)
  /// There are handlers, and none of them stands in the file: another kernel's.
  case otherKernel
  /// There is no IDT to read yet, or none that means anything.
  case unknown

  /// Handlers that are compared: enough to tell neighbours apart.
  private static let mostHandlers = 32
  private static let sampleBytes = 32
  /// Of these so many must be equal: kernels patch themselves, and addresses in the code move with it.
  private static let equalBytes = 24
  /// Fewer could be an accident.
  private static let fewestVotes = 3

  /// Looks for the handlers of `machine` in `program`.
  ///
  /// Kernels move by multiples of 2 MiB; only when no such distance fits, multiples of 4 KiB are tried.
  public static func find(_ program: any Program, in machine: inout some Debuggee) -> KernelSlide {
    guard machine.coreRegisters.isLongMode, let table = try? InterruptTableView(of: &machine) else {
      return .unknown
    }
    let present = table.gates.filter { $0.descriptor.isPresent }.map(\.descriptor.offset.rawValue)
    var handlers: [Handler] = []
    for address in Set(present).sorted().prefix(mostHandlers) {
      let bytes = machine.bytes(at: VirtualAddress(address), count: sampleBytes)
      if bytes.count == sampleBytes { handlers.append(Handler(address: address, bytes: bytes)) }
    }
    guard handlers.count >= fewestVotes else { return .unknown }
    for step in [PageSize.size2MiB.bytes, PageSize.size4KiB.bytes] {
      if let found = vote(handlers, program, step) { return found }
    }
    return .otherKernel
  }

  private struct Handler {
    let address: UInt64
    let bytes: [UInt8]
  }

  /// The distance that most handlers agree on; that of no move wins among equals.
  private static func vote(_ handlers: [Handler], _ program: any Program, _ step: UInt64) -> KernelSlide? {
    var votes: [UInt64: Int] = [:]
    for handler in handlers {
      for range in program.codeRanges {
        // The first place in the range that is as far into a step as the handler.
        var place = range.lowerBound &+ ((handler.address &- range.lowerBound) & (step - 1))
        while range.contains(place), range.upperBound - place >= UInt64(sampleBytes) {
          let code = program.code(at: VirtualAddress(place), count: sampleBytes)
          let equal = zip(code, handler.bytes).count { $0 == $1 }
          if equal >= equalBytes { votes[handler.address &- place, default: 0] += 1 }
          place += step
        }
      }
    }
    guard let most = votes.values.max(), most >= fewestVotes else { return nil }
    if votes[0] == most { return .found(0, handlers: most) }
    let best = votes.filter { $0.value == most }
    return best.count == 1 ? best.first.map { .found($0.key, handlers: most) } : nil
  }
}
