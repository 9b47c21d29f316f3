/* The allocator that Embedded Swift calls: a first-fit list over one static arena, freed blocks merged with the
 * block behind them. A program is one thread, so there is no lock. */
#include "user_runtime.h"

#define ARENA_BYTES (256 * 1024)
#define GRAIN 16

struct block {
    size_t bytes; /* of the payload, a multiple of GRAIN */
    size_t is_free;
};

_Static_assert(sizeof(struct block) == GRAIN, "payloads stay aligned");

static _Alignas(GRAIN) unsigned char arena[ARENA_BYTES];
static int arena_is_ready;

static struct block *first_block(void)
{
    struct block *first = (struct block *)arena;
    if (!arena_is_ready) {
        first->bytes = ARENA_BYTES - sizeof(struct block);
        first->is_free = 1;
        arena_is_ready = 1;
    }
    return first;
}

/* Null after the last block. */
static struct block *next_block(struct block *block)
{
    unsigned char *end = (unsigned char *)(block + 1) + block->bytes;
    return end < arena + ARENA_BYTES ? (struct block *)end : NULL;
}

static void split(struct block *block, size_t bytes)
{
    if (block->bytes < bytes + 2 * sizeof(struct block))
        return;
    struct block *rest = (struct block *)((unsigned char *)(block + 1) + bytes);
    rest->bytes = block->bytes - bytes - sizeof(struct block);
    rest->is_free = 1;
    block->bytes = bytes;
}

int posix_memalign(void **result, size_t alignment, size_t bytes)
{
    if (alignment > GRAIN || bytes > ARENA_BYTES)
        return 12; /* ENOMEM: nothing in these programs needs more */
    bytes = bytes == 0 ? GRAIN : (bytes + GRAIN - 1) & ~(size_t)(GRAIN - 1);
    for (struct block *block = first_block(); block; block = next_block(block)) {
        if (!block->is_free)
            continue;
        for (struct block *next = next_block(block); next && next->is_free; next = next_block(block))
            block->bytes += sizeof(struct block) + next->bytes;
        if (block->bytes < bytes)
            continue;
        split(block, bytes);
        block->is_free = 0;
        *result = block + 1;
        return 0;
    }
    return 12;
}

void free(void *pointer)
{
    if (pointer)
        ((struct block *)pointer - 1)->is_free = 1;
}
