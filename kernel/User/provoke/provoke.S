/* The program of the boot option `fault=`: does what meets the fault, RDI says which act.
 *
 * Act n has a block of 64 bytes at 0x10000100 + 64 n. Its own instruction stands 32 bytes into it, so that what a
 * processor saves is known beforehand: 0x10000120 + 64 n. When it came to its end the program ends with 50 + n.
 */
#define CALL_EXIT 0
#define CALL_GETPID 39
#define STATUS 50
#define UNMAPPED 0x20000000
#define OPEN_PORT 0x80
#define RFLAGS_TF 0x100
#define RFLAGS_AC 0x40000
#define SPIN_ROUNDS 0x10000000

#define BLOCKS 0x100
#define BLOCK_BYTES 64
#define INSTRUCTION 32

    .section .text
    .global _start
    .type _start, @function
_start:
    movl %edi, %ebx
    shll $6, %edi
    addl $(_start + BLOCKS), %edi
    jmp *%rdi

leave:
    leal STATUS(%rbx), %edi
    movl $CALL_EXIT, %eax
    int $0x80
    ud2                         /* it does not come back */

/* The act's block up to its instruction. */
.macro ACT number
    .org _start + BLOCKS + BLOCK_BYTES * \number, 0xcc
    act_\number:
.endm

/* Pads with one-byte no-operations: what stands before the instruction runs into it. */
.macro ITSELF number
    .org _start + BLOCKS + BLOCK_BYTES * \number + INSTRUCTION, 0x90
.endm

    ACT 1                       /* cli */
    ITSELF 1
    cli
    jmp leave

    ACT 2                       /* ud2 */
    ITSELF 2
    ud2
    jmp leave

    ACT 3                       /* load */
    ITSELF 3
    movl UNMAPPED, %eax
    jmp leave

    ACT 4                       /* int3 */
    ITSELF 4
    int3
    jmp leave

    ACT 5                       /* int14 */
    ITSELF 5
    int $14
    jmp leave

    ACT 6                       /* push */
    ITSELF 6
    pushq %rax
    jmp leave

    ACT 7                       /* out */
    ITSELF 7
    outb %al, $OPEN_PORT
    jmp leave

    ACT 8                       /* irq */
    ITSELF 8
    jmp .

    ACT 9                       /* nmi */
    ITSELF 9
    jmp .

    ACT 10                      /* sys: back by sysret, then in and out by int 0x80 */
    movl $CALL_GETPID, %eax
    ITSELF 10
    syscall
    movl $CALL_GETPID, %eax
    int $0x80
    jmp leave

    ACT 11                      /* ac */
    movl $CALL_GETPID, %eax
    pushfq
    orl $RFLAGS_AC, (%rsp)
    popfq
    ITSELF 11
    int $0x80
    jmp leave

    ACT 12                      /* tf: the trap is due behind the instruction after popfq */
    movl $CALL_GETPID, %eax
    pushfq
    orl $RFLAGS_TF, (%rsp)
    .org act_12 + INSTRUCTION - 1, 0x90
    popfq
    ITSELF 12
    syscall
    jmp leave

    ACT 13                      /* spin */
    movl $SPIN_ROUNDS, %ecx
    ITSELF 13
    decl %ecx
    jnz .-2
    jmp leave

    ACT 14                      /* calls: each a place of its own to be seen from */
    movl $CALL_GETPID, %eax
    int $0x80
    movl $CALL_GETPID, %eax
    ITSELF 14
    int $0x80
    movl $CALL_GETPID, %eax
    int $0x80
    jmp leave
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
