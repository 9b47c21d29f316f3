/// The digit after `Z` and `z`. GDB manual, E.2.
public enum BreakpointType: UInt8, Equatable, Sendable {
  case software = 0
  case hardware = 1
  case writeWatchpoint = 2
  case readWatchpoint = 3
  case accessWatchpoint = 4
}
