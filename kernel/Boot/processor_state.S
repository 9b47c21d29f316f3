/* Everything that the processor or the entry code reads by address, laid out by hand. */
#include "processor_block.h"
#include "return_audit.h"

    .section .descriptor_tables, "aw", @progbits
    .balign 4096
    .global descriptor_table
descriptor_table:
    .quad 0                  /* 0x00 */
    .quad 0x00af9b000000ffff /* 0x08 kernel code: L, DPL 0. Accessed is set in all of these, so that the */
    .quad 0x00cf93000000ffff /* 0x10 kernel data  processor never writes a table that is mapped read-only. */
    .global task_state_descriptor
task_state_descriptor:
    .quad 0                  /* 0x18 TSS, filled at boot */
    .quad 0                  /* 0x20 its upper half */
    .quad 0x00cff3000000ffff /* 0x28 user data: DPL 3 */
    .quad 0x00affb000000ffff /* 0x30 user code: L, DPL 3 */
    .global descriptor_table_end
descriptor_table_end:
    .balign 4096
    .global interrupt_table
interrupt_table:
    .skip 4096

    /* GDT and TSS of the other processors: each 256 bytes, so none straddles a page. */
    .balign 4096
    .global processor_tables
    .size processor_tables, PROCESSOR_COUNT * 256
processor_tables:
    .skip 4096

    .section .bss
    .balign 4096             /* the first 104 bytes are read at every entry: one page */
    .global task_state_segment
    .size task_state_segment, 104 + 8192 + 1
task_state_segment:
    .skip 104
    .skip 8192 + 1           /* room for the I/O bitmap and the byte after it, beyond the segment's limit */
    .balign 64
    .global processor_start_state
    .size processor_start_state, 56
processor_start_state:
    .skip 56
    .balign 64
    .global processor_blocks
    .size processor_blocks, PROCESSOR_COUNT * PROCESSOR_BYTES
processor_blocks:
    .skip PROCESSOR_COUNT * PROCESSOR_BYTES
    .balign 64
    .global return_path
    .size return_path, RETURN_ENTRIES + 16 * RETURN_ENTRY_COUNT
return_path:
    .skip RETURN_ENTRIES + 16 * RETURN_ENTRY_COUNT
    .balign 64
    .global ringside_debugger_table
    .type ringside_debugger_table, @object
    .size ringside_debugger_table, 2280
ringside_debugger_table:
    .skip 2280
    .balign 64
    .global ringside_processes
    .type ringside_processes, @object
    .size ringside_processes, 64 * 40
ringside_processes:
    .skip 64 * 40            /* the process table's capacity */
    .balign 64
    .global kernel_state
kernel_state:
    .skip 65536
    .global kernel_state_end
kernel_state_end:

    .balign 64
    .global kernel_contexts
kernel_contexts:
    .skip 65 * 64            /* the process table's capacity and the boot thread */
    .global kernel_state_flags
kernel_state_flags:
    .skip 8
    .global debugger_cell_flags
debugger_cell_flags:
    .skip 8
    .balign 64
    .global debugger_cell
debugger_cell:
    .skip 32768
    .global debugger_cell_end
debugger_cell_end:

    .section .note.GNU-stack, "", @progbits
