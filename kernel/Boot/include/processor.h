/* Instructions that Swift has no name for, one function each. */
#ifndef RINGSIDE_PROCESSOR_H
#define RINGSIDE_PROCESSOR_H

#include <stdint.h>

static inline void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* One access of 1, 2, 4 or 8 bytes and no other: what a device's register wants. */
static inline uint64_t read_exactly(uint64_t address, uint32_t byte_count)
{
    uint64_t value = 0;
    switch (byte_count) {
    case 1: __asm__ volatile("movb (%1), %b0" : "+r"(value) : "r"(address) : "memory"); break;
    case 2: __asm__ volatile("movw (%1), %w0" : "+r"(value) : "r"(address) : "memory"); break;
    case 4: __asm__ volatile("movl (%1), %k0" : "+r"(value) : "r"(address) : "memory"); break;
    case 8: __asm__ volatile("movq (%1), %q0" : "+r"(value) : "r"(address) : "memory"); break;
    }
    return value;
}

static inline void write_exactly(uint64_t address, uint64_t value, uint32_t byte_count)
{
    switch (byte_count) {
    case 1: __asm__ volatile("movb %b0, (%1)" : : "r"(value), "r"(address) : "memory"); break;
    case 2: __asm__ volatile("movw %w0, (%1)" : : "r"(value), "r"(address) : "memory"); break;
    case 4: __asm__ volatile("movl %k0, (%1)" : : "r"(value), "r"(address) : "memory"); break;
    case 8: __asm__ volatile("movq %q0, (%1)" : : "r"(value), "r"(address) : "memory"); break;
    }
}

#define CONTROL_REGISTER(number) \
    static inline uint64_t read_cr##number(void) \
    { \
        uint64_t value; \
        __asm__ volatile("movq %%cr" #number ", %0" : "=r"(value)); \
        return value; \
    } \
    static inline void write_cr##number(uint64_t value) \
    { \
        __asm__ volatile("movq %0, %%cr" #number : : "r"(value) : "memory"); \
    }
CONTROL_REGISTER(0)
CONTROL_REGISTER(2)
CONTROL_REGISTER(3)
CONTROL_REGISTER(4)
CONTROL_REGISTER(8)

static inline uint32_t device_read32(uint64_t address)
{
    return *(volatile uint32_t *)address;
}

static inline void device_write32(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

static inline uint64_t read_msr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return low | (uint64_t)high << 32;
}

static inline void write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

/* DR0 to DR3, DR6 and DR7; 0 for another number. */
static inline uint64_t read_debug_register(uint32_t number)
{
    uint64_t value = 0;
    switch (number) {
    case 0: __asm__ volatile("movq %%dr0, %0" : "=r"(value)); break;
    case 1: __asm__ volatile("movq %%dr1, %0" : "=r"(value)); break;
    case 2: __asm__ volatile("movq %%dr2, %0" : "=r"(value)); break;
    case 3: __asm__ volatile("movq %%dr3, %0" : "=r"(value)); break;
    case 6: __asm__ volatile("movq %%dr6, %0" : "=r"(value)); break;
    case 7: __asm__ volatile("movq %%dr7, %0" : "=r"(value)); break;
    }
    return value;
}

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

/* 64 random bits, or 0 when the generator did not deliver (SDM Vol. 1, 7.3.17.1: retry). */
static inline uint64_t read_random(void)
{
    uint64_t value;
    uint8_t ok;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(ok) : : "cc");
    return ok ? value : 0;
}

static inline uint64_t read_timestamp(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}

struct __attribute__((packed)) table_pointer {
    uint16_t limit;
    uint64_t base;
};

static inline void load_descriptor_table(uint64_t base, uint16_t limit)
{
    struct table_pointer pointer = {limit, base};
    __asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
}

static inline void load_interrupt_table(uint64_t base, uint16_t limit)
{
    struct table_pointer pointer = {limit, base};
    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

static inline struct table_pointer store_descriptor_table(void)
{
    struct table_pointer pointer;
    __asm__ volatile("sgdt %0" : "=m"(pointer));
    return pointer;
}

static inline struct table_pointer store_interrupt_table(void)
{
    struct table_pointer pointer;
    __asm__ volatile("sidt %0" : "=m"(pointer));
    return pointer;
}

static inline uint16_t store_task_register(void)
{
    uint16_t selector;
    __asm__ volatile("str %0" : "=r"(selector));
    return selector;
}

/* Null data selectors and the code selector of a freshly loaded GDT. */
static inline void reload_segments(uint16_t code)
{
    __asm__ volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:\n\t"
                     "xorl %%eax, %%eax\n\tmovl %%eax, %%ds\n\tmovl %%eax, %%es\n\t"
                     "movl %%eax, %%fs\n\tmovl %%eax, %%gs\n\tmovl %%eax, %%ss"
                     : : "r"((uint64_t)code) : "rax", "memory");
}

/* DS, ES, FS and GS in one: 0 while all of them are null. */
static inline uint32_t data_selectors(void)
{
    uint32_t ds, es, fs, gs;
    __asm__ volatile("movl %%ds, %0; movl %%es, %1; movl %%fs, %2; movl %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    return ds | es | fs | gs;
}

/* What a processor does to the bases of FS and GS here is its own business: the caller sets both. */
static inline void clear_data_selectors(void)
{
    __asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; movl %0, %%gs" : : "r"(0));
}

static inline void load_task_register(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "r"(selector));
}

static inline void load_null_local_table(void)
{
    __asm__ volatile("lldt %0" : : "r"((uint16_t)0));
}

/* Waits for one interrupt: `sti` takes effect after the next instruction, so none can slip in between. */
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

static inline void processor_pause(void)
{
    __asm__ volatile("pause");
}

static inline void halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

static inline void invalidate_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

#endif
