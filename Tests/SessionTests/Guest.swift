import Foundation

/// A guest of a few hundred bytes that enters Ring 3 again and again: enough for a debugger to work on, and with
/// every address known.
enum Guest {
  /// The ELF file, assembled once with the system's compiler.
  static let image: String = {
    let directory = FileManager.default.temporaryDirectory.path + "/kdbg-guest-\(getpid())"
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try source.write(toFile: "\(directory)/guest.S", atomically: true, encoding: .utf8)
    } catch {
      fatalError("the guest's source cannot be written: \(error)")
    }
    atexit { try? FileManager.default.removeItem(atPath: Guest.directory) }
    run(["gcc", "-c", "-m64", "-o", "\(directory)/guest.o", "\(directory)/guest.S"])
    run([
      "ld", "-n", "-Ttext", "0x100000", "--build-id=none", "-o", "\(directory)/guest.elf",
      "\(directory)/guest.o",
    ])
    return "\(directory)/guest.elf"
  }()

  private static var directory: String { (image as NSString).deletingLastPathComponent }

  private static func run(_ command: [String]) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    do {
      try process.run()
    } catch {
      fatalError("\(command[0]) cannot be run: \(error)")
    }
    process.waitUntilExit()
    precondition(process.terminationStatus == 0, "\(command[0]) failed")
  }

  // Where things are: `.org` of the source, from 0x100000.
  static let longModeEntry: UInt64 = 0x10_1000
  static let userCode: UInt64 = 0x10_2000
  static let systemCall: UInt64 = 0x10_2800
  /// The only `iretq`.
  static let iretq: UInt64 = 0x10_2900
  static let globalTable: UInt64 = 0x10_3000
  static let taskState: UInt64 = 0x10_3100
  static let interruptTable: UInt64 = 0x10_4000
  /// Counts returns to Ring 3.
  static let returnCount: UInt64 = 0x10_5000
  /// How many returns the guest makes before it ends: none of its own.
  static let returnLimit: UInt64 = 0x10_5008
  static let ending: UInt64 = 0x10_5010
  static let rsp0: UInt64 = 0x10_7000
  static let pml4: UInt64 = 0x10_8000
  static let message = "the guest runs\n"

  /// The value that `ending` takes.
  enum Ending: UInt8 {
    case debugExit = 0
    case tripleFault = 1
    case powerOff = 2
  }

  /// What QEMU's process exits with after `.debugExit`.
  static let debugExitStatus: Int32 = 0x21 << 1 | 1

  private static let source = """
    .section .note.pvh, "a", @note
      .long 4, 4, 18
      .asciz "Xen"
      .long start
    .text
    .code32
    .globl _start
    _start:
    start:
      cld
      movl $0x109003, 0x108000          # PML4[0] -> PDPT, supervisor and user
      orl $4, 0x108000
      movl $0x10a007, 0x109000          # PDPT[0] -> PD
      xorl %ecx, %ecx
    1: movl %ecx, %eax                  # PD: 1 GiB in 2 MiB pages, user
      shll $21, %eax
      orl $0x87, %eax
      movl %eax, 0x10a000(,%ecx,8)
      incl %ecx
      cmpl $512, %ecx
      jne 1b
      movl $0x108000, %eax
      movl %eax, %cr3
      movl $0x20, %eax                  # PAE
      movl %eax, %cr4
      movl $0xc0000080, %ecx            # LME, NXE
      rdmsr
      orl $0x900, %eax
      wrmsr
      movl $0x80010001, %eax            # PG, WP, PE
      movl %eax, %cr0
      lgdt gdtr
      ljmp $0x08, $0x101000
    .org 0x1000
    .code64
      movw $0x10, %ax
      movw %ax, %ss
      movw $0x18, %ax
      ltr %ax
      lidt idtr
      movq $0x107000, %rsp
      leaq message(%rip), %rsi
      movl $\(message.utf8.count), %ecx
      movl $0x3f8, %edx
      rep outsb
      pushq $0x2b                       # SS
      pushq $0x106800                   # RSP
      pushq $0x02                       # RFLAGS: interrupts stay off, there is no handler
      pushq $0x33                       # CS
      pushq $0x102000                   # RIP
      jmp back
    message: .ascii "\(message.replacing("\n", with: "\\n"))"
    .org 0x2000
    user:
      int $0x80
      jmp user
    .org 0x2800
      incq 0x105000
      movq 0x105000, %rax
      cmpq %rax, 0x105008
      jne back
      cmpb $1, 0x105010
      je 2f
      cmpb $2, 0x105010
      je 3f
      movb $0x21, %al
      outb %al, $0xf4
    2: lidt nothing
      int3
    3: movw $0x604, %dx
      movw $0x2000, %ax
      outw %ax, %dx
      hlt
    .org 0x2900
    back:
      iretq
    .org 0x3000
    gdt:
      .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
      .quad 0x0000891031000067, 0
      .quad 0x00cff3000000ffff, 0x00affb000000ffff
    gdtr: .word gdtr - gdt - 1
      .long 0x103000
    .org 0x3100
      .long 0
      .quad 0x107000
    .org 0x3168
    idtr: .word 0x80 * 16 + 15
      .quad 0x104000
    nothing: .word 0
      .quad 0
    .org 0x4800
      .word 0x2800, 0x08
      .word 0xee00, 0x10
      .quad 0
    .org 0x5000
      .quad 0, -1
      .byte 0
    .org 0x7000
      .byte 0
    .org 0xb000
      .byte 0
    """
}
