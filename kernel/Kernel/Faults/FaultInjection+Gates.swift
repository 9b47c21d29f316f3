import Core
import Machine
import X86

/// FI-32...40 and 43...46: gates, the descriptors that they name, the handlers behind them, and who raises what.
extension FaultInjection {
  mutating func injectIntoGates(_ fault: InjectedFault) {
    let systemCall = DescriptorTables.systemCallVector
    switch fault {
    case .gateAbsent: editGate(systemCall, clearing: GateBits.present)
    case .gatePrivilege: editGate(systemCall, clearing: GateBits.privilege)
    case .gateTypeCall: editGate(systemCall, clearing: GateBits.type, setting: 0xc << 40)
    case .gateTypeTask: editGate(systemCall, clearing: GateBits.type, setting: 0x5 << 40)
    case .gateType16Bit: editGate(systemCall, clearing: GateBits.type, setting: 0x6 << 40)
    case .gateSelectorNull: setSelector(0)
    case .gateSelectorData: setSelector(0x10)
    case .gateSelector32Bit: setSelector(define(0x38, ExtraDescriptor.code32))
    case .gateSelectorAbsent: setSelector(define(0x68, ExtraDescriptor.absentCode))
    case .gateSelectorRange: setSelector(0xf8)
    case .gateSelectorLocal: setSelector(0x0c)
    case .gateSelectorUser: setSelector(DescriptorTables.userCode.rawValue)
    case .gateSelectorConforming: setSelector(define(0x78, ExtraDescriptor.conformingCode))
    case .gateOffsetNonCanonical: setHandler(VirtualAddress(0x0000_9000_0000_0000))
    case .handlerAbsent: editHandlerPage { _ in PageTableEntry(rawValue: 0) }
    case .handlerNoExecute: editHandlerPage { $0.with(.noExecute) }
    case .handlerReserved: editHandlerPage { $0.with(.highestAddressBit) }
    case .handlerUser:
      setHandler(FaultHardware.isolatedHandler)
      openToUser(FaultHardware.isolatedHandler)
    case .pageFaultGateAbsent: editGate(ExceptionVector.pageFault.rawValue, clearing: GateBits.present)
    case .protectionGateAbsent:
      editGate(ExceptionVector.generalProtection.rawValue, clearing: GateBits.present)
    case .opcodeGateAbsent: editGate(ExceptionVector.invalidOpcode.rawValue, clearing: GateBits.present)
    case .interruptGateAbsent: editGate(timerVector, clearing: GateBits.present)
    case .nonMaskableStackUnmapped:
      unmap(StackRegion.processor.top(of: DescriptorTables.nonMaskableStack) - 8)
    case .controllerUnmapped: clockVector = ExceptionVector.doubleFault.rawValue
    default: editGate(ExceptionVector.pageFault.rawValue, setting: GateBits.privilege)
    }
  }

  /// Where the bits stand in a gate's low qword. SDM Vol. 3A, figure 6-8.
  private enum GateBits {
    static let type: UInt64 = 0xf << 40
    static let privilege: UInt64 = 3 << 45
    static let present: UInt64 = 1 << 47
    static let selector: UInt64 = 0xffff << 16
  }

  private mutating func editGate(_ vector: UInt8, clearing: UInt64 = 0, setting: UInt64 = 0) {
    let place = interruptTable + gateOffset(vector)
    patch(place, load(place) & ~clearing | setting)
  }

  private mutating func setSelector(_ selector: UInt16) {
    editGate(
      DescriptorTables.systemCallVector, clearing: GateBits.selector, setting: UInt64(selector) << 16)
  }

  private mutating func setHandler(_ address: VirtualAddress) {
    let gate = GateDescriptor(
      offset: address, selector: DescriptorTables.kernelCode, type: .interruptGate, privilege: 3,
      interruptStack: 0)
    let place = interruptTable + gateOffset(DescriptorTables.systemCallVector)
    patch(place, gate.low)
    patch(place + 8, gate.high)
  }

  /// Moves gate 0x80's handler to a page where it is alone, and changes that page for this process.
  private mutating func editHandlerPage(_ change: (PageTableEntry) -> PageTableEntry) {
    setHandler(FaultHardware.isolatedHandler)
    makePrivate(FaultHardware.isolatedHandler)
    edit(.pageTable, of: FaultHardware.isolatedHandler, change)
  }

  /// Adds a descriptor to the GDT, whose limit grows as far as is needed. Returns the selector.
  @discardableResult
  mutating func define(_ selector: UInt16, _ descriptor: UInt64) -> UInt16 {
    let offset = SegmentSelector(rawValue: selector).tableOffset
    patch(globalTable + offset, descriptor)
    let limit = UInt16(truncatingIfNeeded: offset) + 7
    if let table = registers.globalTable, table.limit < limit {
      FaultHardware.load(globalTable: TableRegister(base: table.base, limit: limit))
    }
    return selector
  }
}

/// Descriptors that the healthy GDT does not have. SDM Vol. 3A, 3.4.5.
enum ExtraDescriptor {
  /// D=1, DPL 0.
  static let code32: UInt64 = 0x00cf_9b00_0000_ffff
  /// L=1, DPL 0, P=0.
  static let absentCode: UInt64 = 0x00af_1b00_0000_ffff
  /// L=1, DPL 0, conforming.
  static let conformingCode: UInt64 = 0x00af_9f00_0000_ffff
  /// L=1 and D=1, DPL 3.
  static let longDefaultCode: UInt64 = 0x00ef_fb00_0000_ffff
  /// L=1, DPL 3, P=0.
  static let absentUserCode: UInt64 = 0x00af_7b00_0000_ffff
  /// Writable data, DPL 3, P=0.
  static let absentUserData: UInt64 = 0x00cf_7300_0000_ffff
  /// Data that can only be read, DPL 3.
  static let readOnlyUserData: UInt64 = 0x00cf_f100_0000_ffff
}
