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

#endif
