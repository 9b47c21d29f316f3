/* What the boot option `fault=` needs of the machine beyond what the kernel does by itself. */
#ifndef RINGSIDE_FAULT_PATHS_H
#define RINGSIDE_FAULT_PATHS_H

#define FAULT_EXIT_STACK_POINTER 0
#define FAULT_EXIT_RFLAGS 8
#define FAULT_EXIT_SWAPS 16
#define FAULT_EXIT_IS_SYSTEM_RETURN 20

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>
#include "kernel_symbols.h"
#include "trap_frame.h"

/* Read by the trap path before anything else may be relied on, so it is no part of the kernel's state. */
struct fault_state {
    uint32_t phase; /* 0: nothing was injected; 1: nobody has entered since; 2: somebody has */
    uint32_t fault; /* what the first entry has to do: InjectedFault's number + 1, 0 for nothing */
};
extern struct fault_state fault_state;
static inline struct fault_state *pointer_to_fault_state(void) { return &fault_state; }

/* A way out of the kernel that is wrong on purpose. */
struct fault_exit {
    uint64_t stack_pointer;    /* RSP at the last instruction */
    uint64_t rflags;           /* the kernel's own there */
    uint32_t swaps;            /* how often `swapgs` is executed: 0, 1 or 2 */
    uint32_t is_system_return; /* 1: `sysretq` is the last instruction, 0: `iretq` */
};
_Static_assert(offsetof(struct fault_exit, stack_pointer) == FAULT_EXIT_STACK_POINTER, "fault exit");
_Static_assert(offsetof(struct fault_exit, rflags) == FAULT_EXIT_RFLAGS, "fault exit");
_Static_assert(offsetof(struct fault_exit, swaps) == FAULT_EXIT_SWAPS, "fault exit");
_Static_assert(offsetof(struct fault_exit, is_system_return) == FAULT_EXIT_IS_SYSTEM_RETURN, "fault exit");

/* Leaves for Ring 3 with the registers of `frame`. */
void fault_return(const struct trap_frame *frame, const struct fault_exit *exit);

/* Pushes until the stack ends. */
void fault_recurse(void);

/* Reads and writes back the byte at `address`. */
void fault_touch(uint64_t address);

SYMBOL_ADDRESS(fault_handler)
SYMBOL_ADDRESS(fault_pages)

/* An instruction breakpoint at `address` in DR0, for every ring. SDM Vol. 3B, 17.2.4: G0 and the fixed bit 10. */
static inline void fault_set_breakpoint(uint64_t address)
{
    __asm__ volatile("movq %0, %%dr0; movq %1, %%dr7" : : "r"(address), "r"((uint64_t)0x402) : "memory");
}

static inline void fault_use_stack(void)
{
    /* A byte in each of the two pages below, as a large frame would write them. Nothing lives below RSP. */
    __asm__ volatile("movb $0, -0x1000(%%rsp); movb $0, -0x2000(%%rsp)" : : : "memory");
}

#endif
#endif
