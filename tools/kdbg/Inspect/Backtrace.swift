import Symbols
import X86

/// The frames of one stack, the innermost first, each with the functions whose code stands there.
public struct Backtrace: Sendable {
  /// A frame and what the program's file says of its address.
  public struct Entry: Equatable, Sendable {
    public let frame: StackFrame
    /// The symbol that the address lies in.
    public let name: SymbolicName?
    /// The innermost first; one made of the symbol where there is no debugging information, none without a symbol.
    public let functions: [FunctionScope]
    /// The Swift runtime failure that the frame's instruction is, such as "arithmetic overflow".
    public let trap: String?
  }

  public let entries: [Entry]
  public let end: StackEnd

  /// More than any sound stack has, and what a damaged one is given.
  public static let mostFrames = 1_000

  /// Unwinds from where the machine stands, `limit` frames at the most.
  public init(of machine: inout some Debuggee, _ program: (any Program)?, limit: Int = mostFrames) {
    let unwinder = Unwinder(program)
    var frame = StackFrame(current: machine.coreRegisters)
    var entries = [Entry(frame, program)]
    var seen: Set = [FrameKey(frame)]
    var end = StackEnd.limit
    do throws(StackEnd) {
      while entries.count < min(limit, Self.mostFrames) {
        frame = try unwinder.caller(of: frame, in: &machine)
        guard seen.insert(FrameKey(frame)).inserted else { throw .loop }
        entries.append(Entry(frame, program))
      }
    } catch {
      end = error
    }
    self.entries = entries
    self.end = end
  }

  /// What no two frames of a stack have in common.
  private struct FrameKey: Hashable {
    let rip: UInt64?
    let rsp: UInt64?

    init(_ frame: StackFrame) {
      rip = frame.registers.rip
      rsp = frame.registers.rsp
    }
  }
}

extension Backtrace.Entry {
  init(_ frame: StackFrame, _ program: (any Program)?) {
    self.frame = frame
    name = program?.name(of: frame.lookupAddress).map { name in
      SymbolicName(name: name.name, offset: name.offset &+ (frame.isExact ? 0 : 1))
    }
    let scopes = program?.scopes(at: frame.lookupAddress)
    trap = frame.isExact ? scopes?.trap : nil
    if let scopes, !scopes.functions.isEmpty {
      functions = scopes.functions
    } else {
      functions = name.map { [FunctionScope(name: $0.name, line: nil, isInlined: false)] } ?? []
    }
  }
}
