/* What a processor finds through GS while it is in the kernel. KERNEL_GS_BASE holds its address while it is in Ring 3,
 * and `swapgs` exchanges the two. */
#ifndef RINGSIDE_PROCESSOR_BLOCK_H
#define RINGSIDE_PROCESSOR_BLOCK_H

/* How many processors the kernel has room for. */
#define PROCESSOR_COUNT 8

#define PROCESSOR_OWN_ADDRESS 0
#define PROCESSOR_NUMBER 8
#define PROCESSOR_KERNEL_STACK 16
#define PROCESSOR_USER_STACK 24
#define PROCESSOR_ENTRIES 32
#define PROCESSOR_HAS_ARRIVED 40
#define PROCESSOR_BYTES 64

/* The vector word of a trap frame that `syscall` made: no vector of the interrupt table. */
#define SYSCALL_VECTOR 0x100

/* The descriptor table's selectors of Ring 3. SYSRET wants them in this order (SDM Vol. 2, SYSRET). */
#define USER_DATA_SELECTOR 0x2b
#define USER_CODE_SELECTOR 0x33

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct processor_block {
    uint64_t own_address;  /* where it lies */
    uint64_t number;       /* 0: the processor that booted */
    uint64_t kernel_stack; /* where `syscall` puts RSP: the same as TSS.RSP0 */
    uint64_t user_stack;   /* RSP of Ring 3, for the two instructions between `syscall` and its frame */
    uint64_t entries;      /* from Ring 3 */
    uint64_t has_arrived;  /* 1 once the processor runs on tables and stacks of its own */
    uint64_t reserved[2];
};

_Static_assert(offsetof(struct processor_block, own_address) == PROCESSOR_OWN_ADDRESS, "processor block");
_Static_assert(offsetof(struct processor_block, number) == PROCESSOR_NUMBER, "processor block");
_Static_assert(offsetof(struct processor_block, kernel_stack) == PROCESSOR_KERNEL_STACK, "processor block");
_Static_assert(offsetof(struct processor_block, user_stack) == PROCESSOR_USER_STACK, "processor block");
_Static_assert(offsetof(struct processor_block, entries) == PROCESSOR_ENTRIES, "processor block");
_Static_assert(offsetof(struct processor_block, has_arrived) == PROCESSOR_HAS_ARRIVED, "processor block");
_Static_assert(sizeof(struct processor_block) == PROCESSOR_BYTES, "processor block");

/* Another processor writes it. */
static inline uint64_t processor_has_arrived(const struct processor_block *block)
{
    return *(const volatile uint64_t *)&block->has_arrived;
}
static inline void set_processor_has_arrived(struct processor_block *block)
{
    __atomic_store_n(&block->has_arrived, 1, __ATOMIC_RELEASE);
}

extern struct processor_block processor_blocks[PROCESSOR_COUNT];
static inline struct processor_block *pointer_to_processor_blocks(void) { return processor_blocks; }
#endif
#endif
