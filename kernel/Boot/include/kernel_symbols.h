/* What assembly and the linker script define and Swift uses. Addresses are taken through functions, because
 * Swift would otherwise treat a linker symbol as a variable. */
#ifndef RINGSIDE_KERNEL_SYMBOLS_H
#define RINGSIDE_KERNEL_SYMBOLS_H

#include <stdint.h>
#include "kernel_context.h"
#include "processor_block.h"
#include "return_audit.h"
#include "trap_frame.h"

extern struct return_path return_path;
static inline struct return_path *pointer_to_return_path(void) { return &return_path; }
void switch_context(struct kernel_context *from, const struct kernel_context *to, uint64_t cr3);

struct cell_flags {
    uint32_t in_use, initialized;
};
extern struct cell_flags kernel_state_flags, debugger_cell_flags;
static inline struct cell_flags *pointer_to_kernel_state_flags(void) { return &kernel_state_flags; }
static inline struct cell_flags *pointer_to_debugger_cell_flags(void) { return &debugger_cell_flags; }

/* What a processor that was just started takes up: processor_start.S. */
struct processor_start_state {
    uint64_t cr3, cr4, stack_top, number; /* taken up by the assembly */
    uint64_t cr0, page_attributes;        /* and by Swift */
    uint64_t efer;                        /* with which it rests */
};
extern struct processor_start_state processor_start_state;
static inline struct processor_start_state *pointer_to_processor_start_state(void)
{
    return &processor_start_state;
}
/* Halts for good, with EFER = `efer`. Nothing of memory is touched any more. */
void processor_rest(uint64_t efer);

/* One processor's own tables, of those that the first processor does not use. */
struct processor_tables {
    uint64_t descriptors[8];
    uint8_t task_state[128];
    uint8_t unused[64];
};

#define SYMBOL_ADDRESS(name) \
    extern char name[]; \
    static inline uint64_t address_of_##name(void) { return (uint64_t)name; }

SYMBOL_ADDRESS(kernel_image_start)
SYMBOL_ADDRESS(kernel_text_end)
SYMBOL_ADDRESS(entry_text_start)
SYMBOL_ADDRESS(entry_text_end)
SYMBOL_ADDRESS(kernel_rodata_end)
SYMBOL_ADDRESS(kernel_tables_end)
SYMBOL_ADDRESS(kernel_image_end)
SYMBOL_ADDRESS(boot_stack_guard)
SYMBOL_ADDRESS(boot_stack_top)
SYMBOL_ADDRESS(trap_stubs)
SYMBOL_ADDRESS(user_return)
SYMBOL_ADDRESS(user_return_sysret)
SYMBOL_ADDRESS(return_to_user)
SYMBOL_ADDRESS(syscall_entry)
SYMBOL_ADDRESS(syscall_compatibility_entry)
SYMBOL_ADDRESS(descriptor_table)
SYMBOL_ADDRESS(descriptor_table_end)
SYMBOL_ADDRESS(interrupt_table)
SYMBOL_ADDRESS(task_state_segment)
SYMBOL_ADDRESS(processor_tables)
SYMBOL_ADDRESS(processor_start)
SYMBOL_ADDRESS(processor_start_end)
SYMBOL_ADDRESS(ringside_debugger_table)
SYMBOL_ADDRESS(ringside_processes)
SYMBOL_ADDRESS(kernel_state)
SYMBOL_ADDRESS(kernel_state_end)
SYMBOL_ADDRESS(debugger_cell)
SYMBOL_ADDRESS(debugger_cell_end)
SYMBOL_ADDRESS(kernel_contexts)

/* Where the image was linked, less where it was loaded. */
#define KERNEL_OFFSET 0xffffffff80000000ull

#endif
