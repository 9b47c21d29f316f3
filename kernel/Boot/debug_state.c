#include "debug_state.h"

#define ENTRY_TEXT __attribute__((section(".text.entry"), noinline))
#define INT3 0xcc
#define PTE_WRITABLE 2
#define DR7_FIXED 0x400

struct debug_state debug_state;
uint64_t debug_recovery_stack;
uint64_t debug_stack_top;

/* Writes one byte, through a mapping that is writable for just that long. */
ENTRY_TEXT static void store(const struct debug_breakpoint *breakpoint, uint8_t value)
{
    volatile uint64_t *entry = (volatile uint64_t *)breakpoint->entry;
    volatile uint8_t *byte = (volatile uint8_t *)breakpoint->byte;
    if (entry) {
        *entry |= PTE_WRITABLE;
        __asm__ volatile("invlpg (%0)" : : "r"(byte) : "memory");
    }
    *byte = value;
    if (entry) {
        *entry &= ~(uint64_t)PTE_WRITABLE;
        __asm__ volatile("invlpg (%0)" : : "r"(byte) : "memory");
    }
}

ENTRY_TEXT void debug_disarm(void)
{
    if (debug_state.depth++ > 0)
        return;
    if (debug_state.control) {
        __asm__ volatile("movq %%dr6, %0" : "=r"(debug_state.status));
        __asm__ volatile("movq %0, %%dr7" : : "r"((uint64_t)DR7_FIXED));
    }
    for (int i = 0; i < DEBUG_BREAKPOINTS; i++) {
        struct debug_breakpoint *breakpoint = &debug_state.breakpoints[i];
        if (breakpoint->is_armed) {
            store(breakpoint, breakpoint->original);
            breakpoint->is_armed = 0;
        }
    }
}

ENTRY_TEXT void debug_arm(void)
{
    if (--debug_state.depth > 0)
        return;
    for (int i = 0; i < DEBUG_BREAKPOINTS; i++) {
        struct debug_breakpoint *breakpoint = &debug_state.breakpoints[i];
        if (breakpoint->address && !breakpoint->is_suspended) {
            breakpoint->original = *(volatile uint8_t *)breakpoint->byte;
            store(breakpoint, INT3);
            breakpoint->is_armed = 1;
        }
    }
    if (debug_state.control) {
        __asm__ volatile("movq %0, %%dr6" : : "r"(0ull));
        __asm__ volatile("movq %0, %%dr0" : : "r"(debug_state.addresses[0]));
        __asm__ volatile("movq %0, %%dr1" : : "r"(debug_state.addresses[1]));
        __asm__ volatile("movq %0, %%dr2" : : "r"(debug_state.addresses[2]));
        __asm__ volatile("movq %0, %%dr3" : : "r"(debug_state.addresses[3]));
        __asm__ volatile("movq %0, %%dr7" : : "r"(debug_state.control | DR7_FIXED));
    }
}
