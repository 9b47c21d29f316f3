#ifndef CELFUTILS_DEMANGLE_H
#define CELFUTILS_DEMANGLE_H

#include <stddef.h>
#include <stdint.h>

// Two demanglers that every Swift program carries already, the first in the Swift runtime and the second in the
// C++ library under it. Neither is declared in an installed header that C can read.

// swift/Demangling/Demangle.h: the result is malloc'ed when `outputBuffer` is null; null for a name that is not
// Swift's. `flags` must be 0.
char *swift_demangle(const char *mangledName, size_t mangledNameLength, char *outputBuffer,
                     size_t *outputBufferSize, uint32_t flags);

// Itanium C++ ABI, 3.4: the result is malloc'ed when `buffer` is null; null on any error.
char *__cxa_demangle(const char *mangledName, char *buffer, size_t *length, int *status);

#endif
