import Inspect
import Render
import Session
import X86

/// One debugging session: the machine, the kernel's file, and what the session has learned so far.
public final class Debugger {
  public let target: any Debuggee
  /// The files that name the machine's code.
  public let programs: ProgramSet
  public let output: Output
  public let control: RunControl
  public let commands: CommandTable

  /// What the guest has printed, where that comes to kdbg.
  public var console: (any GuestConsoleLog)?

  /// What `expect` looks at.
  var lastAnswer: (any Answer)?

  /// What is shown at every stop.
  var displays = DisplayList()

  /// Where `list` without a place goes on.
  var listing: SourceListing?

  /// Where `x` without an address goes on.
  var examination = Examination()

  public init(
    target: any Debuggee, program: (any Program)?, output: Output, commands: CommandTable = .standard
  ) {
    self.target = target
    programs = program as? ProgramSet ?? ProgramSet(program.map { [$0] } ?? [])
    self.output = output
    self.commands = commands
    control = RunControl(target: target, programs: programs)
    programs.liveBytes = { [weak control] address, count in
      guard let control, case .stopped = control.target.state else { return [] }
      return control.inserted.hidden(
        from: control.target.bytes(at: address, count: count), at: address.rawValue)
    }
  }

  /// All of them as one; nil without any.
  public var program: (any Program)? { programs.isEmpty ? nil : programs }

  public var names: any NameSource { program ?? NoNames() }

  /// What the kernel says about itself, if it says anything.
  var kernel: KernelTable? { control.kernelTable() }

  /// The root table that the loaded one is compared with.
  var reference: ReferenceTable? {
    control.references.reference(for: target.coreRegisters.cr3, kernel: kernel)
  }

  /// What a look at the machine takes besides the plain registers; not every target gives it.
  enum Need {
    case nothing
    /// CR3 and its like, which say which tables are loaded and how to read them.
    case controlRegisters
    /// Physical memory, where page tables are.
    case memory
    /// Both.
    case tables
  }

  /// Throws, before anything is shown that would not be true, unless the target gives what is needed.
  func require(_ need: Need) throws(CommandFailure) {
    if need == .nothing { return }
    if need != .memory, !target.knowsControlRegisters {
      throw loss().map { .session($0) } ?? .noControlRegisters
    }
    if need != .controlRegisters, target.memoryWay == nil {
      throw loss().map { .session($0) } ?? .noPhysicalMemory
    }
  }

  /// Runs `body`, which reads the machine, and turns its failure into a command's.
  func inspect<View>(
    needing need: Need = .tables,
    _ body: (inout any Debuggee) throws(InspectionError) -> View
  ) throws(CommandFailure) -> View {
    try require(need)
    var machine = target
    do {
      let view = try body(&machine)
      if let failure = loss() { throw CommandFailure.session(failure) }
      return view
    } catch let error as InspectionError {
      // A view fails too when the target died under it; then that is the reason to give.
      if let failure = loss() { throw .session(failure) }
      throw .inspection(error)
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw .other("\(error)")
    }
  }

  /// The failure inside a call that could not throw, if it means that the target is gone. What it merely refused
  /// shows as something unknown.
  func loss() -> SessionError? { target.takeFailure().flatMap { $0.category == .lost ? $0 : nil } }

  /// Runs `body`, which talks to the target, and turns its failure into a command's.
  func session<Result>(_ body: () throws(SessionError) -> Result) throws(CommandFailure) -> Result {
    do { return try body() } catch { throw .session(error) }
  }

  /// The registers, where the machine stands still.
  func stoppedRegisters() throws(CommandFailure) -> RegisterFile {
    try requireStopped()
    return target.coreRegisters
  }

  /// Throws unless the machine stands still.
  func requireStopped() throws(CommandFailure) {
    switch target.state {
    case .stopped: return
    case .running: throw .session(.running)
    case .ended: throw control.hasEnded ? .machineEnded : .session(.ended)
    }
  }
}
