/// The registers of an x86-64 machine that a client can ask for, in the order in which they are numbered and stand in
/// a `g` packet. Those of features that a target does not offer are left out, and the numbers close up.
public enum Register: UInt8, Equatable, Sendable {
  // org.gnu.gdb.i386.core
  case rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15
  case rip, rflags, cs, ss, ds, es, fs, gs
  case st0, st1, st2, st3, st4, st5, st6, st7
  case fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop

  // org.gnu.gdb.i386.sse
  case xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7
  case xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15
  case mxcsr

  // org.gnu.gdb.i386.segments
  case fsBase, gsBase

  // org.ringside.system
  case kernelGSBase
  case cr0, cr2, cr3, cr4, cr8, efer
  case tr, trBase, trLimit, trAttributes
  case ldtr, ldtrBase, ldtrLimit, ldtrAttributes
  case gdtrBase, gdtrLimit, idtrBase, idtrLimit
  // From here on a `g` packet does not carry them: a client reads them one by one.
  case star, lstar, sfmask
  case dr0, dr1, dr2, dr3, dr6, dr7

  static let first = Register.rax
  /// The first one that `g` leaves out.
  static let firstOutsideGeneralPacket = Register.star
}
