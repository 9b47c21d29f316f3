import Core
import Machine
import X86

/// What becomes of breakpoints in Ring 3's memory when that memory does.
extension Debugger {
  /// A fork has copied the pages of the table that is loaded, `int3` included. The child gets what stood there.
  static func forked(into child: PhysicalFrame) {
    let parent = Processor.cr3.root
    var window = PhysicalWindow()
    for slot in 0..<DebugHardware.breakpointCount {
      guard let breakpoint = DebugHardware.breakpoint(slot, under: parent), let byte = breakpoint.original,
        let place = window.walk(VirtualAddress(breakpoint.address), root: child, mode: .building)
          .physicalAddress
      else { continue }
      window.patchByte(byte, at: place)
    }
  }

  /// The lower half of the table that is loaded is gone, by an exec or with its process: its frames may be anybody's
  /// now, and nothing may be written there any more.
  static func forgetLowerHalf() {
    let root = Processor.cr3.root
    for slot in 0..<DebugHardware.breakpointCount
    where DebugHardware.breakpoint(slot, under: root) != nil {
      DebugHardware.clearBreakpoint(slot)
    }
  }
}
