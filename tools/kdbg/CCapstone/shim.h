#ifndef CCAPSTONE_SHIM_H
#define CCAPSTONE_SHIM_H

#include <capstone/capstone.h>

// The operands sit in a union of all architectures, which Swift would reach only through an unsafe projection.

/// Stores the linear address that the instruction names, which is the target of a direct branch or of a
/// RIP-relative operand; false when it names none. Needs CS_OPT_DETAIL.
static inline bool capstone_referenced_address(const cs_insn *instruction, uint64_t *address) {
  if (!instruction->detail) return false;
  bool is_branch = false;
  for (uint8_t i = 0; i < instruction->detail->groups_count; i++) {
    uint8_t group = instruction->detail->groups[i];
    is_branch |= group == X86_GRP_JUMP || group == X86_GRP_CALL || group == X86_GRP_BRANCH_RELATIVE;
  }
  const cs_x86 *x86 = &instruction->detail->x86;
  for (uint8_t i = 0; i < x86->op_count; i++) {
    const cs_x86_op *operand = &x86->operands[i];
    if (operand->type == X86_OP_IMM && is_branch) {
      *address = (uint64_t)operand->imm;
      return true;
    }
    if (operand->type == X86_OP_MEM && operand->mem.base == X86_REG_RIP) {
      *address = instruction->address + instruction->size + (uint64_t)operand->mem.disp;
      return true;
    }
  }
  return false;
}

#endif
