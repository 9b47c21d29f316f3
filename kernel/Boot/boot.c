/* The layouts' assertions are checked here, once, by the C compiler. */
#include "kernel_symbols.h"
#include "processor.h"
