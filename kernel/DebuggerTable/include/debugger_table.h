/* What the kernel tells a debugger about itself: one table in C layout, exported as `ringside_debugger_table`.
 *
 * A debugger reads this and never Swift's own layouts. `version` grows when a field changes its meaning; new
 * fields are added at the end and `size` says how many bytes there are. All addresses are virtual unless the
 * name says physical; all fields are valid from the moment `magic` is written, which happens last.
 */
#ifndef RINGSIDE_DEBUGGER_TABLE_H
#define RINGSIDE_DEBUGGER_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define RINGSIDE_DEBUGGER_TABLE_VERSION 1
/* "RINGSIDE" as a little-endian qword. */
#define RINGSIDE_DEBUGGER_TABLE_MAGIC 0x45444953474e4952
#define RINGSIDE_RAM_RANGES 16

/* What the kernel writes to isa-debug-exit (port 0xf4); QEMU ends with (value << 1) | 1. */
enum ringside_exit_code {
    RINGSIDE_EXIT_SUCCESS = 0x10,         /* 33: everything ran and powered off */
    RINGSIDE_EXIT_BASELINE_FAILED = 0x11, /* 35: the baseline test found something off */
    RINGSIDE_EXIT_AUDIT_FAILED = 0x12,    /* 37: the in-kernel audit refused a return to Ring 3 */
    RINGSIDE_EXIT_KERNEL_FAULT = 0x13,    /* 39: an exception in Ring 0 */
    RINGSIDE_EXIT_DOUBLE_FAULT = 0x14,    /* 41: #DF */
    RINGSIDE_EXIT_PANIC = 0x15,           /* 43: a kernel invariant did not hold */
    RINGSIDE_EXIT_COMMAND_LINE = 0x16,    /* 45: an unknown key or value on the command line */
    RINGSIDE_EXIT_BOOT_FAILED = 0x17,     /* 47: something needed to boot is missing */
    RINGSIDE_EXIT_INIT_FAILED = 0x18,     /* 49: the init program ended with a status other than 0 */
    RINGSIDE_EXIT_KILLED = 0x19,          /* 51: the debugger on the serial line ended it */
};

struct ringside_range {
    uint64_t start;
    uint64_t end; /* the first byte after the range */
};

struct ringside_debugger_table {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    uint64_t kernel_cr3;        /* the kernel's own table, which maps every kernel stack */
    uint64_t current_process;   /* process id, 0 while a kernel thread runs */
    uint64_t current_cr3;
    uint64_t current_stack_top; /* what TSS.RSP0 must hold for the current process, 0 for none */
    uint64_t kernel_stack_size; /* bytes of every process's kernel stack, guard pages not counted */
    uint64_t exit_frame;        /* where the frame of every `iretq` to Ring 3 lies */
    struct ringside_range exit_stack;
    struct ringside_range interrupt_stacks[7]; /* IST1 to IST7; empty where unused */
    struct ringside_range kernel_image;        /* virtual */
    uint64_t ram_range_count;
    struct ringside_range physical_ram[RINGSIDE_RAM_RANGES];
};

_Static_assert(offsetof(struct ringside_debugger_table, version) == 8, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, kernel_cr3) == 16, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, current_process) == 24, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, current_cr3) == 32, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, current_stack_top) == 40, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, kernel_stack_size) == 48, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, exit_frame) == 56, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, exit_stack) == 64, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, interrupt_stacks) == 80, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, kernel_image) == 192, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, ram_range_count) == 208, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, physical_ram) == 216, "debugger table layout");
_Static_assert(sizeof(struct ringside_debugger_table) == 472, "debugger table layout");

#endif
