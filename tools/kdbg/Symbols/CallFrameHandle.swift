import CElfutils
import Glibc
import X86

/// The call-frame information of a program, .debug_frame before .eh_frame: libdw behind a safe face.
@safe
final class CallFrameHandle {
  private let file: ElfHandle
  /// Keeps the table of .debug_frame.
  private let dwarf: DwarfHandle?
  private let debugFrame: OpaquePointer?
  private let exceptionFrame: OpaquePointer?

  init(file: ElfHandle, dwarf: DwarfHandle?) {
    self.file = file
    self.dwarf = dwarf
    // SAFETY: the table belongs to the handle, which this object keeps.
    unsafe debugFrame = dwarf?.callFrames()
    // SAFETY: as above; deinit ends this one.
    unsafe exceptionFrame = file.beginCallFrames()
  }

  deinit {
    // SAFETY: this object owns the table, and `file` is still alive.
    if let exceptionFrame = unsafe exceptionFrame { unsafe dwarf_cfi_end(exceptionFrame) }
  }

  /// The rules for the instruction at `address`; nil when no entry covers it.
  func rules(at address: VirtualAddress) -> CallFrameRules? {
    // SAFETY: both tables live as long as this object.
    let found = unsafe debugFrame.flatMap { unsafe Self.rules(at: address, in: $0) }
    // SAFETY: as above.
    return unsafe found ?? exceptionFrame.flatMap { unsafe Self.rules(at: address, in: $0) }
  }

  private static func rules(at address: VirtualAddress, in table: OpaquePointer) -> CallFrameRules? {
    var row: OpaquePointer?
    // SAFETY: `table` is live and `row` lives across the call.
    guard unsafe dwarf_cfi_addrframe(table, address.rawValue, &row) == 0, let row = unsafe row else {
      return nil
    }
    // SAFETY: the row is malloc'ed and this function's; nothing of it is kept.
    defer { unsafe free(UnsafeMutableRawPointer(row)) }
    var isSignalFrame = false
    // SAFETY: the row is live; null pointers are allowed for what nobody asks.
    let returnAddress = unsafe dwarf_frame_info(row, nil, nil, &isSignalFrame)
    guard returnAddress >= 0 else { return nil }
    var operations: UnsafeMutablePointer<Dwarf_Op>?
    var count = 0
    // SAFETY: the row is live, and both results live across the call.
    guard unsafe dwarf_frame_cfa(row, &operations, &count) == 0 else { return nil }
    // SAFETY: libdw gave `count` operations, which are copied.
    let address = unsafe copy(operations, count)
    var registers: [CallFrameRules.Register] = []
    for number in 0..<FrameRegisters.count {
      registers.append(unsafe rule(number, in: row))
    }
    let selector = unsafe rule(FrameRegisters.codeSelector, in: row)
    return CallFrameRules(
      frameAddress: address, registers: registers, codeSelector: selector, returnAddress: Int(returnAddress),
      isSignalFrame: isSignalFrame)
  }

  private static func rule(_ number: Int, in row: OpaquePointer) -> CallFrameRules.Register {
    // SAFETY: the row is live; `room` holds the three operations that libdw may write there, and what it points at is
    // copied before `room` goes.
    unsafe withUnsafeTemporaryAllocation(of: Dwarf_Op.self, capacity: 3) { room in
      var operations: UnsafeMutablePointer<Dwarf_Op>?
      var count = 0
      guard let start = room.baseAddress,
        unsafe dwarf_frame_register(row, CInt(number), start, &operations, &count) == 0
      else { return .damaged }
      guard count > 0 else { return unsafe operations == nil ? .unchanged : .undefined }
      return .saved(unsafe copy(operations, count))
    }
  }

  private static func copy(
    _ operations: UnsafeMutablePointer<Dwarf_Op>?, _ count: Int
  ) -> [DwarfExpression.Operation] {
    // SAFETY: whoever calls holds `count` operations at this place.
    unsafe UnsafeBufferPointer(start: operations, count: operations == nil ? 0 : count).map {
      DwarfExpression.Operation(code: $0.atom, first: $0.number, second: $0.number2)
    }
  }
}
