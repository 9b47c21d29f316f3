/* The state of the way back to Ring 3: what the exit path does, and what the fast audit compares. */
#ifndef RINGSIDE_RETURN_AUDIT_H
#define RINGSIDE_RETURN_AUDIT_H

/* return_path.mode */
#define RETURN_PLAIN 0 /* copy five words, iretq */
#define RETURN_FAST 1  /* the same, after the comparison below */
#define RETURN_FULL 2  /* copy the whole trap frame and call kernel_before_return on the exit stack */

#define RETURN_MODE 0
#define RETURN_STACK_TOP 8
#define RETURN_CR3 16
#define RETURN_RSP0 24
#define RETURN_ENTRIES 32
#define RETURN_ENTRY_COUNT 4

/* Accessed and dirty are the processor's to write: not part of the comparison. */
#define RETURN_ENTRY_MASK (~0x60)

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct return_entry {
    uint64_t address; /* of the page-table entry, in the physical window */
    uint64_t value;   /* as it was when the whole path was audited, & RETURN_ENTRY_MASK */
};

struct return_path {
    uint64_t mode;
    uint64_t stack_top; /* top of this CPU's exit stack, a multiple of 16 */
    uint64_t cr3;
    uint64_t rsp0;
    struct return_entry entries[RETURN_ENTRY_COUNT]; /* PML4E, PDPTE, PDE, PTE of RSP0-48 ... RSP0-1 */
};

_Static_assert(offsetof(struct return_path, mode) == RETURN_MODE, "return path");
_Static_assert(offsetof(struct return_path, stack_top) == RETURN_STACK_TOP, "return path");
_Static_assert(offsetof(struct return_path, cr3) == RETURN_CR3, "return path");
_Static_assert(offsetof(struct return_path, rsp0) == RETURN_RSP0, "return path");
_Static_assert(offsetof(struct return_path, entries) == RETURN_ENTRIES, "return path");
_Static_assert(sizeof(struct return_entry) == 16, "return path");
#endif
#endif
