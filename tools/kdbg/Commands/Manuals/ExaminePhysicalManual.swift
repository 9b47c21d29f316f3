extension ExaminePhysicalCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Shows physical memory, in the formats of x except s and i.

    OPTIONS
      /COUNT  how many, 1 unless given
      /FORM   x hexadecimal, d signed, u unsigned, o octal, t binary, a address, c character
      /WIDTH  b, h, w or g: 1, 2, 4 or 8 bytes

    EXAMPLE
      The last two entries of the loaded root table:

          (kdbg) xp/2gx $cr3+510*8
          0x30bff0:	0x0000000000000000	0x000000000020d023

    SEE ALSO
      x, walk
    """#
  }
}
