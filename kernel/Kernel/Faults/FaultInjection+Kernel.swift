import Core
import Machine
import X86

/// FI-61...63, 66, 67 and 71...73: the kernel's own mistakes, mappings that give away too much, other processors, and
/// state left over.
extension FaultInjection {
  mutating func injectIntoKernel(_ fault: InjectedFault) {
    switch fault {
    // What the handler does when Ring 3 enters.
    case .pageFaultRecursion, .stackOverflow, .rootZero: break
    // Done when the second processor was started.
    case .processorsShareTask, .processorsShareStack, .processorWithoutNoExecute: break
    case .kernelPageUser: openToUser(FaultHardware.constants)
    case .kernelWritableText:
      makePrivate(FaultHardware.isolatedHandler)
      edit(.pageTable, of: FaultHardware.isolatedHandler) { $0.with(.writable) }
    case .tableUser: mapInUserHalf(.pageDirectory)
    case .stackAlias: mapInUserHalf(.pageTable)
    case .rootDiverged: divergeRoot(VirtualAddress(PhysicalWindow.base))
    case .taskPriority: FaultHardware.setTaskPriority(15)
    default: FaultHardware.setBreakpoint(systemCallHandler)
    }
  }

  /// Where gate 0x80 leads.
  private var systemCallHandler: VirtualAddress {
    mutating get {
      let place = interruptTable + gateOffset(DescriptorTables.systemCallVector)
      return GateDescriptor(low: load(place), high: load(place + 8)).offset
    }
  }

  /// Maps, where Ring 3 can write, the frame that the entry at `level` of the stack's path names: the page table or the
  /// stack's top page.
  private mutating func mapInUserHalf(_ level: PagingLevel) {
    let walk = window.walk(stackTop - 8, root: root, mode: .building)
    let space = AddressSpace(root: root)
    for position in 0..<walk.count where walk[position].level == level {
      let frame = walk[position].entry.frame
      Cell.withState { state in
        try? space.map(
          VirtualAddress(0x3000_0000), to: frame.address, flags: .user | .writable | .noExecute,
          frames: &state.system.frames)
      }
    }
  }

  /// Gives the process a copy of the table behind one of the kernel's root entries.
  private mutating func divergeRoot(_ address: VirtualAddress) {
    guard let copy = Self.takeFrame() else { return }
    let walk = window.walk(address, root: root, mode: .building)
    window.copy(walk[0].entry.frame, to: copy)
    edit(.pml4, of: address) { PageTableEntry(frame: copy, flags: $0.flags) }
  }
}
