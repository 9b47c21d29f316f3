import Session
import X86

/// A machine under the debugger's control, as far as the commands need it. `Session.Target` is one; so is the
/// machine made by hand that the tests use.
public protocol Debuggee: AnyObject, MachineView {
  /// The registers without TR, LDTR, GDTR and IDTR, which may cost a monitor command.
  var coreRegisters: RegisterFile { get }
  var systemRegistersPolicy: SystemRegistersPolicy { get set }
  var state: Target.State { get }
  /// The registers of all processors, in the order of their numbers.
  func processorRegisters() throws(SessionError) -> [RegisterFile]
  /// What stands at a physical address, and how far; nil where the target does not say.
  func memoryExtent(at address: PhysicalAddress) -> MemoryExtent?
  /// True when the model-specific registers of the processor that is looked at were asked for.
  var knowsProcessor: Bool { get }
  /// Asks for them, by lending the processor one step for each over the RDMSR at `instruction`, and for what its model
  /// can do. With nil the machine is left alone.
  func learnProcessor(borrowing instruction: VirtualAddress?) throws(SessionError)
  /// One of them, by its number.
  func readModelSpecificRegister(
    _ number: UInt32, borrowing instruction: VirtualAddress
  ) throws(SessionError) -> ModelSpecificRead
  /// Every processor, as the target counts them.
  func threads() throws(SessionError) -> [TargetThread]
  /// Shows the registers and the memory of another one.
  func select(_ thread: ThreadIdentifier) throws(SessionError)
  /// The processor whose registers these are: the one that stopped, until another is selected.
  var selectedThread: ThreadIdentifier? { get }
  /// False where the target gives no CR0, CR3, CR4 and EFER: those in the registers are zeros then, and mean nothing.
  var knowsControlRegisters: Bool { get }
  /// How physical memory is read; nil where it cannot be.
  var memoryWay: MemoryWay? { get }
  /// What executes a guest under KVM; nil where that is not known.
  var virtualization: HostVirtualization? { get }
  /// What the target itself reads at a linear address, as much as there is; nil where its page tables are the better way.
  func bytesByStub(at address: VirtualAddress, count: Int) -> [UInt8]?
  /// The same for the other processors, as far as they can be asked.
  func learnOtherProcessors(borrowing instruction: VirtualAddress) throws(SessionError)
  /// The general registers that the target does not know here; they read as 0.
  var unknownGeneralRegisters: Set<String> { get }
  /// Writes a register of the selected processor, by gdb's name.
  func writeRegister(_ name: String, value: UInt64) throws(SessionError)
  /// Writes at a linear address under the live CR3, whatever its rights.
  func writeMemory(_ address: VirtualAddress, bytes: [UInt8]) throws(SessionError)
  func writePhysical(_ address: PhysicalAddress, bytes: [UInt8]) throws(SessionError)
  /// The first failure inside a call that cannot throw, until it is taken.
  func takeFailure() -> SessionError?

  func insertBreakpoint(_ kind: BreakpointKind, at address: VirtualAddress) throws(SessionError)
  func removeBreakpoint(_ kind: BreakpointKind, at address: VirtualAddress) throws(SessionError)
  func resume() throws(SessionError)
  func step() throws(SessionError) -> StopEvent
  func stepOffAndResume(_ proof: StepProof) throws(SessionError) -> StopEvent?
  /// A pending request on `interrupt` stops the machine.
  func waitForStop(limit: Duration?, interrupt: InterruptRequest?) throws(SessionError) -> StopEvent

  /// Asks the running machine to stop; the stop comes through ``waitForStop(limit:interrupt:)``.
  func interrupt() throws(SessionError)

  /// Asks the stopped target for something cheap; throws when it is gone.
  func confirm() throws(SessionError)
  func monitor(_ command: String) throws(SessionError) -> String
  /// QEMU's own log of the interrupts that it delivers. The latest events; nil while it is off.
  var recordedEvents: [RecordedEvent]? { get }
  func startRecording() throws(SessionError)
  func stopRecording() throws(SessionError)
  func detach() throws(SessionError)
  func kill()
}

/// What holds for a machine that hides nothing.
extension Debuggee {
  public var knowsControlRegisters: Bool { true }
  public var memoryWay: MemoryWay? { .ram }
  public var virtualization: HostVirtualization? { nil }
  public func bytesByStub(at address: VirtualAddress, count: Int) -> [UInt8]? { nil }
}

extension Target: Debuggee {
  public func confirm() throws(SessionError) { _ = try threads() }
}
