/* What a kernel-side context switch saves: the registers that the C calling convention lets a callee rely on
 * (System V ABI, 3.2.1). It lives in the process record, never on the stack that is being left. */
#ifndef RINGSIDE_KERNEL_CONTEXT_H
#define RINGSIDE_KERNEL_CONTEXT_H

#define CONTEXT_RBX 0
#define CONTEXT_RBP 8
#define CONTEXT_R12 16
#define CONTEXT_R13 24
#define CONTEXT_R14 32
#define CONTEXT_R15 40
#define CONTEXT_RSP 48
#define CONTEXT_RIP 56

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct kernel_context {
    uint64_t rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

_Static_assert(offsetof(struct kernel_context, rbx) == CONTEXT_RBX, "kernel context");
_Static_assert(offsetof(struct kernel_context, r15) == CONTEXT_R15, "kernel context");
_Static_assert(offsetof(struct kernel_context, rsp) == CONTEXT_RSP, "kernel context");
_Static_assert(offsetof(struct kernel_context, rip) == CONTEXT_RIP, "kernel context");
#endif
#endif
