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
#define RINGSIDE_PROCESSORS 8

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

/* One processor: what it must find in its own registers. */
struct ringside_processor {
    uint64_t block;      /* of its own: KERNEL_GS_BASE while it is in Ring 3; its first qword holds its address */
    uint64_t number;     /* the second qword of the block */
    uint64_t cr3;        /* of the processors that run no processes; else 0: see current_cr3 */
    uint64_t process;    /* process id, 0 for none */
    uint64_t stack_top;  /* TSS.RSP0; for the first processor see current_stack_top */
    uint64_t task_state; /* address of its TSS */
    uint64_t descriptor_table;
    uint64_t interrupt_table;
    struct ringside_range exit_stack;
    struct ringside_range interrupt_stacks[7];
};

enum ringside_process_state {
    RINGSIDE_PROCESS_READY = 0, /* it may run, or it runs */
    RINGSIDE_PROCESS_WAITS_FOR_CHILD = 1,
    RINGSIDE_PROCESS_WAITS_FOR_INPUT = 2,
    RINGSIDE_PROCESS_ENDED = 3, /* its parent has not asked for its status yet */
};

/* One entry of the process table. A process that has ended keeps its table until it is left. */
struct ringside_process {
    uint64_t number; /* process id, never used twice; 0 for a free entry, of which nothing else counts */
    uint64_t parent; /* process id, 0 for none */
    uint64_t cr3;    /* 0 when its table has been freed */
    uint64_t stack_top; /* of its kernel stack; 0 when that has been freed */
    uint64_t state;     /* enum ringside_process_state */
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
    uint64_t private_root_entries[8];     /* bit n of the 512: PML4[n] of a process's table is its own in the kernel half */
    uint64_t system_call_vectors[4];      /* bit n of the 256: vector n is a system call, open to Ring 3 */
    uint64_t interrupt_vectors[4];        /* bit n of the 256: a request line or a local APIC uses vector n */
    struct ringside_range kernel_text;    /* virtual; all that is executable in the kernel half */
    uint64_t user_fs_base;                /* of the current process; what FS and GS must have in Ring 3 */
    uint64_t user_gs_base;
    uint64_t lock_depth;                  /* locks held and interrupts nested; this kernel has none and it stays 0 */
    uint64_t syscall_stack;               /* where the word lies from which `syscall` takes RSP; 0 when there is no `syscall` */
    uint64_t return_instructions[2];      /* the `iretq` and the `sysretq` to Ring 3 */
    uint64_t processor_count;             /* processors that run, at most RINGSIDE_PROCESSORS */
    struct ringside_processor processors[RINGSIDE_PROCESSORS];
    uint64_t protections_off; /* bits of CR4 that protect the kernel and that this boot leaves clear on purpose */
    struct ringside_range kernel_rodata;  /* virtual; constants, never written and never executed */
    uint64_t freed_root;         /* physical; the root table freed last, until a process has its frame for its own; else 0 */
    uint64_t pending_shootdowns; /* requests to other processors to drop translations, not answered yet; here always 0 */
    uint64_t expected_cr4;       /* what CR4 was set to ... */
    uint64_t expected_cr4_mask;  /* ... in these bits; 0 until it is known */
    uint64_t processes;          /* address of `process_limit` entries of type struct ringside_process */
    uint64_t process_limit;
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
_Static_assert(offsetof(struct ringside_debugger_table, private_root_entries) == 472, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, system_call_vectors) == 536, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, interrupt_vectors) == 568, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, kernel_text) == 600, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, user_fs_base) == 616, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, user_gs_base) == 624, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, lock_depth) == 632, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, syscall_stack) == 640, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, return_instructions) == 648, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, processor_count) == 664, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, processors) == 672, "debugger table layout");
_Static_assert(sizeof(struct ringside_processor) == 192, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, protections_off) == 2208, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, kernel_rodata) == 2216, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, freed_root) == 2232, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, pending_shootdowns) == 2240, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, expected_cr4) == 2248, "debugger table layout");
_Static_assert(offsetof(struct ringside_debugger_table, processes) == 2264, "debugger table layout");
_Static_assert(sizeof(struct ringside_process) == 40, "debugger table layout");
_Static_assert(sizeof(struct ringside_debugger_table) == 2280, "debugger table layout");

#endif
