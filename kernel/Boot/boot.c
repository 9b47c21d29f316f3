/* The layouts' assertions are checked here, once, by the C compiler. */
#include "fault_paths.h"
#include "kernel_symbols.h"
#include "processor.h"
