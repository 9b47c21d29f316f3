import X86

/// Which registers there are, how they are numbered, and how large they are.
struct RegisterTable {
  let features: RegisterFeatures

  init(_ features: RegisterFeatures) { self.features = features }

  func has(_ register: Register) -> Bool {
    guard let needed = register.feature.condition else { return true }
    return features.contains(needed)
  }

  /// The register with this number, nil when there is none.
  func register(numbered number: UInt64) -> Register? {
    var rest = number
    var register: Register? = Register.first
    while let candidate = register {
      if has(candidate) {
        if rest == 0 { return candidate }
        rest &-= 1
      }
      register = candidate.next
    }
    return nil
  }

  /// The number of a register that there is.
  func number(of register: Register) -> UInt64 {
    var number: UInt64 = 0
    var candidate = Register.first
    while candidate != register, let next = candidate.next {
      if has(candidate) { number &+= 1 }
      candidate = next
    }
    return number
  }

  /// The next register that there is, after nil the first one.
  func next(after register: Register?) -> Register? {
    var candidate = register.map { $0.next } ?? Register.first
    while let found = candidate {
      if has(found) { return found }
      candidate = found.next
    }
    return nil
  }
}

/// The groups in which registers are described. GDB manual, G.5.15.
enum RegisterFeature: UInt8 {
  case core
  case sse
  case segments
  case system

  var name: StaticString {
    switch self {
    case .core: "org.gnu.gdb.i386.core"
    case .sse: "org.gnu.gdb.i386.sse"
    case .segments: "org.gnu.gdb.i386.segments"
    case .system: "org.ringside.system"
    }
  }

  /// What a target must offer for it; nil: nothing.
  var condition: RegisterFeatures? {
    switch self {
    case .core, .segments: nil
    case .sse: .sse
    case .system: .system
    }
  }
}

/// How a client shows a register.
enum RegisterType: UInt8 {
  case integer64
  case dataPointer
  case codePointer
  case flags
  case integer32
  case extended80
  case plainInteger
  case vector
  case mxcsr
  case unsigned16
  case unsigned32
  case unsigned64
  case cr0
  case cr4
  case efer

  var name: StaticString {
    switch self {
    case .integer64: "int64"
    case .dataPointer: "data_ptr"
    case .codePointer: "code_ptr"
    case .flags: "i386_eflags"
    case .integer32: "int32"
    case .extended80: "i387_ext"
    case .plainInteger: "int"
    case .vector: "vec128"
    case .mxcsr: "i386_mxcsr"
    case .unsigned16: "uint16"
    case .unsigned32: "uint32"
    case .unsigned64: "uint64"
    case .cr0: "x64_cr0"
    case .cr4: "x64_cr4"
    case .efer: "x64_efer"
    }
  }

  var byteCount: Int {
    switch self {
    case .integer64, .dataPointer, .codePointer, .unsigned64, .cr0, .cr4, .efer: 8
    case .flags, .integer32, .plainInteger, .mxcsr, .unsigned32: 4
    case .extended80: 10
    case .vector: 16
    case .unsigned16: 2
    }
  }
}

extension Register {
  var next: Register? { Register(rawValue: rawValue &+ 1) }

  var feature: RegisterFeature {
    switch rawValue {
    case ...Register.fop.rawValue: .core
    case ...Register.mxcsr.rawValue: .sse
    case ...Register.gsBase.rawValue: .segments
    default: .system
    }
  }

  var type: RegisterType {
    switch self {
    case .rbp, .rsp, .fsBase, .gsBase, .kernelGSBase, .trBase, .ldtrBase, .gdtrBase, .idtrBase, .cr2:
      .dataPointer
    case .rip, .lstar: .codePointer
    case .rflags: .flags
    case .cs, .ss, .ds, .es, .fs, .gs: .integer32
    case .st0, .st1, .st2, .st3, .st4, .st5, .st6, .st7: .extended80
    case .fctrl, .fstat, .ftag, .fiseg, .fioff, .foseg, .fooff, .fop: .plainInteger
    case .mxcsr: .mxcsr
    case .cr0: .cr0
    case .cr4: .cr4
    case .efer: .efer
    case .cr3, .cr8, .star, .sfmask, .dr0, .dr1, .dr2, .dr3, .dr6, .dr7: .unsigned64
    case .tr, .trAttributes, .ldtr, .ldtrAttributes, .gdtrLimit, .idtrLimit: .unsigned16
    case .trLimit, .ldtrLimit: .unsigned32
    default: feature == .sse ? .vector : .integer64
    }
  }

  var byteCount: Int { type.byteCount }

  var name: StaticString {
    switch self {
    case .rax: "rax"
    case .rbx: "rbx"
    case .rcx: "rcx"
    case .rdx: "rdx"
    case .rsi: "rsi"
    case .rdi: "rdi"
    case .rbp: "rbp"
    case .rsp: "rsp"
    case .r8: "r8"
    case .r9: "r9"
    case .r10: "r10"
    case .r11: "r11"
    case .r12: "r12"
    case .r13: "r13"
    case .r14: "r14"
    case .r15: "r15"
    case .rip: "rip"
    case .rflags: "eflags"
    case .cs: "cs"
    case .ss: "ss"
    case .ds: "ds"
    case .es: "es"
    case .fs: "fs"
    case .gs: "gs"
    case .st0: "st0"
    case .st1: "st1"
    case .st2: "st2"
    case .st3: "st3"
    case .st4: "st4"
    case .st5: "st5"
    case .st6: "st6"
    case .st7: "st7"
    case .fctrl: "fctrl"
    case .fstat: "fstat"
    case .ftag: "ftag"
    case .fiseg: "fiseg"
    case .fioff: "fioff"
    case .foseg: "foseg"
    case .fooff: "fooff"
    case .fop: "fop"
    case .xmm0: "xmm0"
    case .xmm1: "xmm1"
    case .xmm2: "xmm2"
    case .xmm3: "xmm3"
    case .xmm4: "xmm4"
    case .xmm5: "xmm5"
    case .xmm6: "xmm6"
    case .xmm7: "xmm7"
    case .xmm8: "xmm8"
    case .xmm9: "xmm9"
    case .xmm10: "xmm10"
    case .xmm11: "xmm11"
    case .xmm12: "xmm12"
    case .xmm13: "xmm13"
    case .xmm14: "xmm14"
    case .xmm15: "xmm15"
    case .mxcsr: "mxcsr"
    case .fsBase: "fs_base"
    case .gsBase: "gs_base"
    case .kernelGSBase: "k_gs_base"
    case .cr0: "cr0"
    case .cr2: "cr2"
    case .cr3: "cr3"
    case .cr4: "cr4"
    case .cr8: "cr8"
    case .efer: "efer"
    case .tr: "tr"
    case .trBase: "tr_base"
    case .trLimit: "tr_limit"
    case .trAttributes: "tr_attributes"
    case .ldtr: "ldtr"
    case .ldtrBase: "ldtr_base"
    case .ldtrLimit: "ldtr_limit"
    case .ldtrAttributes: "ldtr_attributes"
    case .gdtrBase: "gdtr_base"
    case .gdtrLimit: "gdtr_limit"
    case .idtrBase: "idtr_base"
    case .idtrLimit: "idtr_limit"
    case .star: "star"
    case .lstar: "lstar"
    case .sfmask: "sfmask"
    case .dr0: "dr0"
    case .dr1: "dr1"
    case .dr2: "dr2"
    case .dr3: "dr3"
    case .dr6: "dr6"
    case .dr7: "dr7"
    }
  }
}
