#include "debugger_table.h"
