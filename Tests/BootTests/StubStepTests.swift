import Foundation
import Session
import Testing
import X86

/// Steps over the instructions that show TF or that TF does not come back from, and steps while interrupts wait.
@Suite("steps of the kernel's own stub")
struct StubStepTests {
  private static let registers = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    "eflags",
  ]

  @Test("every instruction in Ring 3", arguments: KernelBuild.allCases)
  func ringThree(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let target = try stopAtFirstCall(machine)
    // The baseline's own first call has to be the kernel's first.
    try run(target, to: 0x1000_001b)
    let saved = try Saved(target, code: SteppedInstruction.userCode, stack: SteppedInstruction.userStack)
    // A part of the program's page that it does not use.
    #expect(saved.codeBytes.allSatisfy { $0 == 0 })
    for instruction in SteppedInstruction.ofRingThree {
      try check(instruction, target, code: SteppedInstruction.userCode, stack: SteppedInstruction.userStack)
    }
    try saved.restore(target)
    try target.detach()
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(machine.consoleText.contains("✓ BASELINE PASSED"))
  }

  @Test("every instruction in the kernel", arguments: KernelBuild.allCases, [0, 1])
  func kernelCode(_ kernel: KernelBuild, _ wayOut: Int) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let target = try stopAtFirstCall(machine)
    try run(target, to: try kernel.address(of: "kernel_trap"))
    // Vector 0xf0 and those behind it have stubs that nothing enters.
    let code = try kernel.address(of: "trap_stubs") + 16 * 0xf0
    let stack = (target.coreRegisters.rsp - 0x400) & ~0xf
    let saved = try Saved(target, code: code, stack: stack)
    for instruction in SteppedInstruction.ofKernel(code: code, stack: stack) {
      try check(instruction, target, code: code, stack: stack)
    }
    try check(
      SteppedInstruction.leavingKernel(stack: stack)[wayOut], target, code: code, stack: stack)
    // It went to Ring 3, in the same process. The machine is not what it was.
    #expect(target.coreRegisters.cs.rawValue == 0x33)
    #expect(saved.codeBytes.count == 64)
    target.kill()
    #expect(machine.exitStatus() == StubSessionTests.killed)
  }

  /// The timer ticks all the while. What waits is delivered when the machine runs, and not before.
  @Test("hundreds of steps, and none in an interrupt handler")
  func noHandler() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let target = try stopAtFirstCall(machine)
    // inc %rax; jmp back.
    let user = SteppedInstruction.userCode
    try target.writeMemory(VirtualAddress(user), bytes: [0x48, 0xff, 0xc0, 0xeb, 0xfb])
    try target.writeRegister("rip", value: user)
    try target.writeRegister("rax", value: 0)
    for step in 1...300 {
      _ = try target.step()
      #expect(target.coreRegisters.rip == (step % 2 == 1 ? user + 3 : user))
      if step == 150 { Thread.sleep(forTimeInterval: 0.1) }
    }
    #expect(target.coreRegisters.general[0] == 150)
    #expect(target.coreRegisters.rflags.rawValue & 0x300 == 0x200)
    // The tick that waited is the first thing that happens.
    let trap = try KernelBuild.release.address(of: "kernel_trap")
    try run(target, to: trap)
    let frame = target.coreRegisters.general[5]
    #expect(try qword(target, frame + 120) == 0x20)
    #expect([user, user + 3].contains(try qword(target, frame + 136)))
    // The kernel's idle loop, as it is: sti; nop; hlt; cli; jmp back.
    let code = try KernelBuild.release.address(of: "trap_stubs") + 16 * 0xf0
    try target.writeMemory(VirtualAddress(code), bytes: [0xfb, 0x90, 0xf4, 0xfa, 0xeb, 0xfa])
    try target.writeRegister("rip", value: code)
    for step in 1...200 {
      _ = try target.step()
      #expect(target.coreRegisters.rip == code + UInt64(step % 5))
      if step == 100 { Thread.sleep(forTimeInterval: 0.1) }
    }
    target.kill()
    #expect(machine.exitStatus() == StubSessionTests.killed)
  }

  /// What ends a process is no step: the client sees the instruction, with the flags that the program has.
  @Test(
    "an instruction that ends its process stops there first",
    arguments: [([0xfa], 11), ([0x0f, 0x0b], 4), ([0xcc], 5)] as [([UInt8], UInt8)])
  func fatal(_ bytes: [UInt8], _ signal: UInt8) throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let target = try stopAtFirstCall(machine)
    try target.writeMemory(VirtualAddress(SteppedInstruction.userCode), bytes: bytes)
    try target.writeRegister("rip", value: SteppedInstruction.userCode)
    try target.writeRegister("eflags", value: 0x202)
    guard case .signal(signal, _, nil) = try target.step() else {
      Issue.record("stopped otherwise")
      return
    }
    // int3 is a trap: RIP is behind it.
    #expect(target.coreRegisters.rip == SteppedInstruction.userCode + (signal == 5 ? 1 : 0))
    #expect(target.coreRegisters.rflags.rawValue == 0x202)
    try target.detach()
    #expect(machine.exitStatus() == MachineStatus.baselineFailed)
  }

  // MARK: The machine

  private func stopAtFirstCall(_ machine: StubMachine) throws -> Target {
    let target = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"))
    try run(target, to: 0x1000_0019)
    return target
  }

  private func run(_ target: Target, to address: UInt64) throws {
    try target.insertBreakpoint(.hardware, at: VirtualAddress(address))
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(240))
    #expect(target.coreRegisters.rip == address)
    try target.removeBreakpoint(.hardware, at: VirtualAddress(address))
  }

  private func qword(_ target: Target, _ address: UInt64) throws -> UInt64 {
    try target.readVirtual(VirtualAddress(address), byteCount: 8).reversed().reduce(0) {
      $0 << 8 | UInt64($1)
    }
  }

  private func bytes(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }

  /// One step of `instruction`, and everything that it should have done.
  private func check(_ instruction: SteppedInstruction, _ target: Target, code: UInt64, stack: UInt64) throws
  {
    let name = Comment(rawValue: instruction.name)
    try target.writeMemory(VirtualAddress(code), bytes: instruction.bytes)
    let words = [UInt64](repeating: 0, count: 2) + instruction.stack
    try target.writeMemory(VirtualAddress(stack - 16), bytes: words.flatMap { bytes($0) })
    let flags = instruction.registers["eflags"] ?? 0x202
    for register in Self.registers {
      try target.writeRegister(register, value: instruction.registers[register] ?? 0)
    }
    try target.writeRegister("eflags", value: flags)
    try target.writeRegister("rip", value: code)
    try target.writeRegister("rsp", value: stack)
    let event = try target.step()
    guard case .signal(StopEvent.trapSignal, _, watch: nil) = event else {
      Issue.record("\(instruction.name) ended otherwise: \(event)")
      return
    }
    let registers = target.coreRegisters
    #expect(registers.rip == instruction.target ?? code + UInt64(instruction.bytes.count), name)
    let moved = stack &+ UInt64(bitPattern: instruction.moves)
    #expect(registers.rsp == moved, name)
    // TF is never left behind.
    #expect(registers.rflags.rawValue & 0x100 == 0, name)
    for (register, value) in instruction.after {
      #expect(target.value(ofRegister: register) == value, "\(instruction.name): \(register)")
    }
    guard let pushed = instruction.pushed else { return }
    let image = try target.readVirtual(VirtualAddress(moved), byteCount: Int(-instruction.moves))
    #expect(image == Array(bytes(pushed).prefix(image.count)), name)
  }

  /// What a test overwrites.
  private struct Saved {
    let code: UInt64
    let codeBytes: [UInt8]
    let stack: UInt64
    let stackBytes: [UInt8]
    let values: [(String, UInt64)]

    init(_ target: Target, code: UInt64, stack: UInt64) throws {
      self.code = code
      self.stack = stack - 64
      codeBytes = try target.readVirtual(VirtualAddress(code), byteCount: 64)
      stackBytes = try target.readVirtual(VirtualAddress(stack - 64), byteCount: 128)
      values = (StubStepTests.registers + ["rip", "rsp"]).compactMap { name in
        target.value(ofRegister: name).map { (name, $0) }
      }
    }

    func restore(_ target: Target) throws {
      try target.writeMemory(VirtualAddress(code), bytes: codeBytes)
      try target.writeMemory(VirtualAddress(stack), bytes: stackBytes)
      for (name, value) in values { try target.writeRegister(name, value: value) }
    }
  }
}
