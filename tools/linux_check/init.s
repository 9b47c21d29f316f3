# The first program of Ring 3 under Linux. Two processes of it use, without end, every common way back from the kernel:
# SYSRET from SYSCALL, IRET from a system call by `int $0x80`, from a page fault, from a signal (rt_sigreturn), from the
# timer's interrupt, and after a switch to the other process.
  .intel_syntax noprefix

  .set SYS_write, 1
  .set SYS_rt_sigaction, 13
  .set SYS_rt_sigreturn, 15
  .set SYS_sched_yield, 24
  .set SYS_madvise, 28
  .set SYS_getpid, 39
  .set SYS_fork, 57
  .set SYS32_getpid, 20
  .set SIGTRAP, 5
  .set SA_RESTORER, 0x04000000
  .set MADV_DONTNEED, 4

  .text
  .globl _start
_start:
  mov eax, SYS_write
  mov edi, 1
  lea rsi, [rip + greeting]
  mov edx, greeting_end - greeting
  syscall

  mov eax, SYS_rt_sigaction
  mov edi, SIGTRAP
  lea rsi, [rip + action]
  xor edx, edx
  mov r10d, 8
  syscall

  mov eax, SYS_fork
  syscall

again:
  mov eax, SYS_getpid
  syscall
  mov eax, SYS32_getpid
  int 0x80

  # A page that is taken away and comes back by a page fault.
  mov eax, SYS_madvise
  lea rdi, [rip + page]
  mov esi, 4096
  mov edx, MADV_DONTNEED
  syscall
  mov byte ptr [rip + page], 1

  int3

  # Long enough for the timer to come in between now and then.
  mov ecx, 200000
spin:
  dec ecx
  jnz spin

  mov eax, SYS_sched_yield
  syscall
  jmp again

handler:
  ret

restorer:
  mov eax, SYS_rt_sigreturn
  syscall

  .data
  .balign 8
action:
  .quad handler, SA_RESTORER, restorer, 0

  .section .rodata
greeting:
  .ascii "init: in Ring 3\n"
greeting_end:

  .bss
  .balign 4096
page:
  .skip 4096

  .section .note.GNU-stack, "", @progbits
