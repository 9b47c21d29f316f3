/* The stack as the trap stubs leave it for the dispatcher, lowest address first. Shared by assembly (offsets)
 * and Swift (the struct); the assertions hold the two together. */
#ifndef RINGSIDE_TRAP_FRAME_H
#define RINGSIDE_TRAP_FRAME_H

#define TRAP_R15 0
#define TRAP_R14 8
#define TRAP_R13 16
#define TRAP_R12 24
#define TRAP_R11 32
#define TRAP_R10 40
#define TRAP_R9 48
#define TRAP_R8 56
#define TRAP_RBP 64
#define TRAP_RDI 72
#define TRAP_RSI 80
#define TRAP_RDX 88
#define TRAP_RCX 96
#define TRAP_RBX 104
#define TRAP_RAX 112
#define TRAP_VECTOR 120
#define TRAP_ERROR 128
#define TRAP_RIP 136
#define TRAP_CS 144
#define TRAP_RFLAGS 152
#define TRAP_RSP 160
#define TRAP_SS 168
#define TRAP_BYTES 176

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector;
    uint64_t error_code; /* 0 where the vector has none */
    uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(offsetof(struct trap_frame, r15) == TRAP_R15, "trap frame");
_Static_assert(offsetof(struct trap_frame, r11) == TRAP_R11, "trap frame");
_Static_assert(offsetof(struct trap_frame, rbp) == TRAP_RBP, "trap frame");
_Static_assert(offsetof(struct trap_frame, rax) == TRAP_RAX, "trap frame");
_Static_assert(offsetof(struct trap_frame, vector) == TRAP_VECTOR, "trap frame");
_Static_assert(offsetof(struct trap_frame, error_code) == TRAP_ERROR, "trap frame");
_Static_assert(offsetof(struct trap_frame, rip) == TRAP_RIP, "trap frame");
_Static_assert(offsetof(struct trap_frame, ss) == TRAP_SS, "trap frame");
_Static_assert(sizeof(struct trap_frame) == TRAP_BYTES, "trap frame");
#endif
#endif
