/* From QEMU's PVH entry (32-bit protected mode, paging off, EBX = start info) to 64-bit code in the upper half.
 *
 * The tables built here live until the kernel has its own: 2 MiB pages, the first 4 GiB mapped three times.
 *
 *     PML4[0]    identity, for the instructions between "paging on" and the jump
 *     PML4[256]  the physical window at 0xffff800000000000
 *     PML4[511]  the kernel image: PDPT[510] maps the first GiB at 0xffffffff80000000
 */
#include "unwinding.h"

#define KERNEL_OFFSET 0xffffffff80000000
#define PHYSICAL(symbol) ((symbol) - KERNEL_OFFSET)

#define CR0_PE_PG_WP 0x80010001
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define PTE_PRESENT_WRITABLE 0x3
#define PTE_LARGE 0x83

    .section .note.pvh, "a", @note
    .balign 4
    .long 4               /* name size */
    .long 4               /* descriptor size */
    .long 18              /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long pvh_entry

    .section .boot, "awx", @progbits
    .code32
    .global pvh_entry
    .type pvh_entry, @function
pvh_entry:
    cld
    cli
    movl $boot_pml4, %edi
    movl $((boot_tables_end - boot_pml4) / 4), %ecx
    xorl %eax, %eax
    rep stosl

    /* Four page directories: 2,048 leaves of 2 MiB. */
    movl $boot_directories, %edi
    movl $PTE_LARGE, %eax
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl $boot_window_pdpt, %edi
    movl $(boot_directories + PTE_PRESENT_WRITABLE), %eax
    movl $4, %ecx
2:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    decl %ecx
    jnz 2b
    movl $(boot_directories + PTE_PRESENT_WRITABLE), boot_image_pdpt + 8 * 510

    movl $(boot_window_pdpt + PTE_PRESENT_WRITABLE), boot_pml4
    movl $(boot_window_pdpt + PTE_PRESENT_WRITABLE), boot_pml4 + 8 * 256
    movl $(boot_image_pdpt + PTE_PRESENT_WRITABLE), boot_pml4 + 8 * 511

    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl $CR0_PE_PG_WP, %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x08, $boot_long_mode
    .size pvh_entry, . - pvh_entry

    .code64
boot_long_mode:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $boot_upper_half, %rax
    jmp *%rax

    .balign 16
    .global boot_gdt, boot_pml4
    .type boot_gdt, @object
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff /* 0x08: 64-bit code, DPL 0, accessed */
    .quad 0x00cf93000000ffff /* 0x10: data, DPL 0, accessed */
boot_gdt_pointer:
    .word boot_gdt_pointer - boot_gdt - 1
    .long boot_gdt
    .size boot_gdt, . - boot_gdt

    /* Plain words rather than .bss: the kernel's own allocator never counts this part of the image. */
    .balign 4096
    .type boot_pml4, @object
    .size boot_pml4, boot_tables_end - boot_pml4
boot_pml4: .skip 4096
boot_window_pdpt: .skip 4096
boot_image_pdpt: .skip 4096
boot_directories: .skip 4 * 4096
boot_tables_end:

    .section .text.entry, "ax", @progbits
    .type boot_upper_half, @function
boot_upper_half:
    .cfi_startproc
    .cfi_undefined %rip
    leaq boot_stack_top(%rip), %rsp
    xorl %ebp, %ebp       /* the last frame of every backtrace */
    movl %ebx, %edi       /* physical address of the start info */
    call Kernel_main
    ud2                   /* it never returns */
    .cfi_endproc
    .size boot_upper_half, . - boot_upper_half

    .section .note.GNU-stack, "", @progbits
