/* What a Swift program of Ring 3 stands on: the system call instruction, and a heap. */
#ifndef RINGSIDE_USER_RUNTIME_H
#define RINGSIDE_USER_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

/* `int 0x80`: number in rax, arguments in rdi, rsi, rdx; result or -errno in rax. Memory is clobbered, because
 * read() and wait() write to it; no register is, which the baseline test proves at every boot. */
static inline int64_t system_call(uint64_t number, uint64_t first, uint64_t second, uint64_t third)
{
    int64_t result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "memory");
    return result;
}

/* The same by `syscall`, which leaves RIP in rcx and RFLAGS in r11. */
static inline int64_t fast_system_call(uint64_t number, uint64_t first, uint64_t second, uint64_t third)
{
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
}

/* call_checks.S */
uint64_t registers_after_interrupt(uint64_t number);
uint64_t registers_after_syscall(uint64_t number);
extern int64_t last_call_result;
static inline int64_t result_of_last_call(void) { return last_call_result; }
uint64_t flags_after_syscall(uint64_t odd);
int64_t call_on_stack(uint64_t stack, uint64_t by_syscall);

/* What the processor adds to an address behind the prefix of FS or GS. */
static inline uint64_t read_through_fs(uint64_t offset)
{
    uint64_t value;
    __asm__ volatile("movq %%fs:(%1), %0" : "=r"(value) : "r"(offset) : "memory");
    return value;
}
static inline uint64_t read_through_gs(uint64_t offset)
{
    uint64_t value;
    __asm__ volatile("movq %%gs:(%1), %0" : "=r"(value) : "r"(offset) : "memory");
    return value;
}

static inline uint64_t segment_registers(void)
{
    uint16_t ds, es, fs, gs;
    __asm__ volatile("movw %%ds, %0; movw %%es, %1; movw %%fs, %2; movw %%gs, %3"
                     : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
    return ds | (uint64_t)es << 16 | (uint64_t)fs << 32 | (uint64_t)gs << 48;
}
static inline void load_data_segments(uint16_t selector)
{
    __asm__ volatile("movw %0, %%ds; movw %0, %%es; movw %0, %%fs; movw %0, %%gs" : : "r"(selector));
}

static inline uint64_t read_user_timestamp(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low | (uint64_t)high << 32;
}

/* One way each for a program to do what Ring 3 may not, for the program that tests the answer. */
static inline void read_address(uint64_t address)
{
    (void)*(volatile unsigned char *)address;
}

static inline void write_address(uint64_t address)
{
    *(volatile unsigned char *)address = 1;
}

static inline void execute_address(uint64_t address)
{
    ((void (*)(void))address)();
}

static inline void execute_stack(void)
{
    volatile unsigned char code[] = {0xc3}; /* ret */
    ((void (*)(void))(uint64_t)code)();
}

static inline void execute_cli(void) { __asm__ volatile("cli"); }
static inline void execute_out(void) { __asm__ volatile("outb %%al, $0xf4" : : "a"(0x10)); }
static inline void execute_sgdt(void)
{
    unsigned char place[16];
    __asm__ volatile("sgdt %0" : "=m"(place));
}
static inline void execute_sse(void) { __asm__ volatile(".byte 0x0f, 0x57, 0xc0"); /* xorps %xmm0, %xmm0 */ }
static inline void execute_x87(void) { __asm__ volatile("fninit"); }
static inline void execute_ud2(void) { __asm__ volatile("ud2"); }
static inline void execute_int3(void) { __asm__ volatile("int3"); }
static inline void execute_int14(void) { __asm__ volatile("int $14"); }
static inline void divide_by_zero(void)
{
    __asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx" : : "a"(1), "d"(0) : "ecx");
}
static inline void overflow_stack(void)
{
    __asm__ volatile("1: pushq %rax; jmp 1b");
}

/* RFLAGS with NT, AC, DF and ID set, which Ring 3 may do; then a system call. Returns RFLAGS as they are after it. */
static inline uint64_t call_with_odd_flags(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; orq $0x244400, (%%rsp); popfq; movl $39, %%eax; int $0x80;"
                     "pushfq; popq %0; pushq $2; popfq"
                     : "=r"(flags) : : "rax", "memory", "cc");
    return flags;
}

#endif
