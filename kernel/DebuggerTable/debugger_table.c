/* The layout is in the header; the table itself is the kernel's (Boot). */
#include "debugger_table.h"
