import Testing

/// An instruction that TF does not step over as it should, and what a debugger has to see after one step.
struct SteppedInstruction: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  /// Registers before; those that are not named are 0. RIP and RSP are the test's own.
  var registers: [String: UInt64] = [:]
  /// Under RSP, lowest address first.
  var stack: [UInt64] = []
  /// RIP afterwards; nil: behind the instruction.
  var target: UInt64?
  /// How far RSP moves.
  var moves: Int64 = 0
  var after: [String: UInt64] = [:]
  /// What was pushed: as many bytes as RSP moved.
  var pushed: UInt64?

  var testDescription: String { name }

  static let userCode: UInt64 = 0x1000_0800
  static let userStack: UInt64 = 0x7fff_efff_f800

  /// In Ring 3, where IF is on and stays on.
  static let ofRingThree = [
    SteppedInstruction(name: "nop", bytes: [0x90]),
    SteppedInstruction(name: "jmp to itself", bytes: [0xeb, 0xfe], target: userCode),
    // Neither TF nor the IF that a debugger keeps away may be in what is pushed.
    SteppedInstruction(
      name: "pushfq", bytes: [0x9c], registers: ["eflags": 0x246], moves: -8, after: ["eflags": 0x246],
      pushed: 0x246),
    SteppedInstruction(
      name: "pushfw", bytes: [0x66, 0x9c], registers: ["eflags": 0x286], moves: -2,
      after: ["eflags": 0x286], pushed: 0x286),
    SteppedInstruction(
      name: "rex.w pushfq", bytes: [0x48, 0x9c], registers: ["eflags": 0x246], moves: -8, pushed: 0x246),
    // Everything but IF, which Ring 3 cannot move.
    SteppedInstruction(
      name: "popfq", bytes: [0x9d], registers: ["eflags": 0x202], stack: [0xcd5], moves: 8,
      after: ["eflags": 0xed7]),
    SteppedInstruction(
      name: "popfw", bytes: [0x66, 0x9d], registers: ["eflags": 0x202], stack: [0xffff_0cd5], moves: 2,
      after: ["eflags": 0xed7]),
    SteppedInstruction(
      name: "iretq within Ring 3", bytes: [0x48, 0xcf], registers: ["eflags": 0x202],
      stack: [userCode + 0x40, 0x33, 0x246, userStack + 0x100, 0x2b], target: userCode + 0x40, moves: 0x100,
      after: ["cs": 0x33, "ss": 0x2b]),
    // getpid: the step ends where the call comes back.
    SteppedInstruction(
      name: "int 0x80", bytes: [0xcd, 0x80], registers: ["rax": 39, "eflags": 0x202],
      after: ["rax": 1, "eflags": 0x202]),
    SteppedInstruction(
      name: "rex.w int 0x80", bytes: [0x48, 0xcd, 0x80], registers: ["rax": 39], after: ["rax": 1]),
    // Its own flags in R11, and none of the debugger's.
    SteppedInstruction(
      name: "syscall", bytes: [0x0f, 0x05], registers: ["rax": 39, "eflags": 0x202],
      after: ["rax": 1, "rcx": userCode + 2, "r11": 0x202, "eflags": 0x202]),
    // One round at a time.
    SteppedInstruction(
      name: "rep lodsb", bytes: [0xf3, 0xac], registers: ["rcx": 3, "rsi": userStack], target: userCode,
      after: ["rcx": 2, "rsi": userStack + 1]),
    SteppedInstruction(
      name: "mov %eax, %ss", bytes: [0x8e, 0xd0], registers: ["rax": 0x2b], after: ["ss": 0x2b]),
    SteppedInstruction(
      name: "mov %r9d, %ss", bytes: [0x41, 0x8e, 0xd1], registers: ["r9": 0x2b], after: ["ss": 0x2b]),
  ]

  /// In the kernel: the stub of a vector that nothing uses, on a process's kernel stack.
  static func ofKernel(code: UInt64, stack: UInt64) -> [SteppedInstruction] {
    [
      SteppedInstruction(
        name: "cli", bytes: [0xfa], registers: ["eflags": 0x202], after: ["eflags": 0x2]),
      SteppedInstruction(
        name: "sti", bytes: [0xfb], registers: ["eflags": 0x2], after: ["eflags": 0x202]),
      SteppedInstruction(
        name: "hlt", bytes: [0xf4], registers: ["eflags": 0x202], after: ["eflags": 0x202]),
      SteppedInstruction(
        name: "pushfq, interrupts on", bytes: [0x9c], registers: ["eflags": 0x206], moves: -8,
        after: ["eflags": 0x206], pushed: 0x206),
      SteppedInstruction(
        name: "pushfq, interrupts off", bytes: [0x9c], registers: ["eflags": 0x46], moves: -8,
        after: ["eflags": 0x46], pushed: 0x46),
      SteppedInstruction(
        name: "popfq, interrupts on", bytes: [0x9d], registers: ["eflags": 0x2], stack: [0x246], moves: 8,
        after: ["eflags": 0x246]),
      SteppedInstruction(
        name: "popfq, interrupts off", bytes: [0x9d], registers: ["eflags": 0x246], stack: [0x2], moves: 8,
        after: ["eflags": 0x2]),
      SteppedInstruction(
        name: "iretq within the kernel", bytes: [0x48, 0xcf], registers: ["eflags": 0x2],
        stack: [code + 0x20, 0x8, 0x246, stack + 0x100, 0], target: code + 0x20, moves: 0x100,
        after: ["cs": 8, "eflags": 0x246]),
      SteppedInstruction(
        name: "mov %eax, %ss", bytes: [0x8e, 0xd0], registers: ["rax": 0, "eflags": 0x2],
        after: ["ss": 0]),
      // Between the two the debugger is entered with Ring 3's base in GS.
      SteppedInstruction(name: "swapgs", bytes: [0x0f, 0x01, 0xf8], registers: ["eflags": 0x2]),
      SteppedInstruction(name: "swapgs back", bytes: [0x0f, 0x01, 0xf8], registers: ["eflags": 0x2]),
    ]
  }

  /// What leaves the kernel, and goes on in Ring 3.
  static func leavingKernel(stack: UInt64) -> [SteppedInstruction] {
    [
      SteppedInstruction(
        name: "iretq to Ring 3", bytes: [0x48, 0xcf], registers: ["eflags": 0x2],
        stack: [userCode + 0x40, 0x33, 0x246, userStack, 0x2b], target: userCode + 0x40,
        moves: Int64(bitPattern: userStack &- stack), after: ["cs": 0x33, "ss": 0x2b, "eflags": 0x246]),
      SteppedInstruction(
        name: "sysretq", bytes: [0x48, 0x0f, 0x07],
        registers: ["rcx": userCode + 0x40, "r11": 0x246, "eflags": 0x2], target: userCode + 0x40,
        after: ["cs": 0x33, "ss": 0x2b, "eflags": 0x246]),
    ]
  }
}
