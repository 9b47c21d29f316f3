/* The debugger's hold on the machine: software breakpoints and debug registers, put in when the kernel runs and taken
 * out while its stub does. In C and in the entry text, because it runs before anything else may: while a breakpoint
 * is in, no code that could meet it may be needed to take it out. */
#ifndef RINGSIDE_DEBUG_STATE_H
#define RINGSIDE_DEBUG_STATE_H

#define DEBUG_BREAKPOINTS 64
#define DEBUG_WATCHES 4

#ifndef __ASSEMBLER__
#include <stdint.h>

struct debug_breakpoint {
    uint64_t address; /* linear, as the client named it; 0: this slot is free */
    uint64_t byte;    /* the same byte in the physical window */
    uint64_t entry;   /* the window's page-table entry if it is read-only there, in the window too; else 0 */
    uint64_t root;    /* the root table whose lower half it stands in, 0 for the kernel's half, which all share */
    uint8_t original;
    uint8_t is_armed;
    uint8_t is_suspended; /* left out while its own instruction is stepped over */
};

struct debug_state {
    struct debug_breakpoint breakpoints[DEBUG_BREAKPOINTS];
    uint64_t addresses[DEBUG_WATCHES]; /* DR0 to DR3 */
    uint64_t control;                  /* DR7 while the kernel runs */
    uint64_t status;                   /* DR6 as the last debug exception left it */
    uint64_t depth;                    /* how often it was taken out and not put in again */
    uint64_t recoveries;               /* faults of the stub since it was entered */
    uint64_t attention;                /* not 0: the machine shall stand as soon as it may */
};

extern struct debug_state debug_state;
static inline struct debug_state *pointer_to_debug_state(void) { return &debug_state; }

/* Takes everything out; nests. */
void debug_disarm(void);
/* Puts everything in again, when called as often as debug_disarm. */
void debug_arm(void);

/* Serves the debugger's client; what debug_recover jumps back into when that faults. */
void debug_serve(void);
void debug_recover(void);
extern uint64_t debug_recovery_stack; /* RSP of who called debug_serve, 0 while nobody is served */
extern uint64_t debug_stack_top;      /* the stub's own stack, which every table maps */
static inline void set_debug_stack_top(uint64_t top) { debug_stack_top = top; }
static inline uint64_t get_debug_stack_top(void) { return debug_stack_top; }
static inline uint64_t address_of_debug_recover(void) { return (uint64_t)debug_recover; }
static inline uint64_t get_debug_recovery_stack(void) { return debug_recovery_stack; }

/* Stops in the debugger: vector 3, recognised by its address. */
void debug_trap(void);
static inline uint64_t address_of_debug_trap(void) { return (uint64_t)debug_trap; }
#endif
#endif
