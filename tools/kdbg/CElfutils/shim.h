#ifndef CELFUTILS_SHIM_H
#define CELFUTILS_SHIM_H

#include <elfutils/libdw.h>
#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <gelf.h>

#endif
