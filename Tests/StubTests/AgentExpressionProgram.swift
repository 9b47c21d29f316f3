/// A small C program at one moment, and the conditions that GDB 13 compiles for it: what it sends as the tail of a `Z0`.
///
/// ```c
/// struct node { struct node *next; int key; short tag; unsigned char flags : 3; signed char low : 4; };
/// struct node nodes[8], *p = &nodes[0];
/// int i = 5;                    unsigned u = 4000000000u;
/// signed char sc = -3;          unsigned char uc = 200;
/// short table[16];              long wide = -1;
/// unsigned long uwide = 7;      char text[32] = "hello", *name = text;
/// int probe(int first, long second, struct node *at) { int local = first + 1; ...
/// ```
enum AgentProgram {
  /// At the first instruction of `probe(3, 2, &nodes[1])`: its frame ends 8 bytes above RSP.
  static var machine: AgentMachine {
    var machine = AgentMachine(registers: [
      4: 0, 5: 3, 6: 0x7f_f000, 7: 0x7f_ef00, 16: 0x40_1000, 18: 0x33,
    ])
    machine.store(5 as Int32, at: 0x40_3000)
    machine.store(4_000_000_000 as UInt32, at: 0x40_3004)
    machine.store(-3 as Int8, at: 0x40_3008)
    machine.store(200 as UInt8, at: 0x40_3009)
    machine.store(-1 as Int64, at: 0x40_3010)
    machine.store(7 as UInt64, at: 0x40_3018)
    machine.store("hello", at: 0x40_3020)
    machine.store(0x40_3060 as UInt64, at: 0x40_3040)
    machine.store(0x40_3020 as UInt64, at: 0x40_3048)
    for node in 0..<8 as Range<UInt64> {
      let address = 0x40_3060 + node * 16
      machine.store(node < 7 ? address + 16 : 0, at: address)
      machine.store(Int32(7 + node), at: address + 8)
      machine.store(0 as Int32, at: address + 12)
      machine.store(Int16(-10) + Int16(node), at: 0x40_30e0 + node * 2)
    }
    // flags = 5, low = -2 of nodes[2].
    machine.store(0x75 as UInt8, at: 0x40_3060 + 2 * 16 + 14)
    machine.store(3 as Int32, at: 0x7f_ef08 - 36)
    machine.store(2 as Int64, at: 0x7f_ef08 - 48)
    machine.store(0x40_3070 as UInt64, at: 0x7f_ef08 - 56)
    machine.store(4 as Int32, at: 0x7f_ef08 - 20)
    machine.store(3 as UInt64, at: 0x7f_ef08)
    return machine
  }

  static let conditions: [(condition: String, tail: String, value: UInt64)] = [
    ("i == 5", ";Xc,240040300019162022051327", 1),
    (
      "p->next == 0 || local > 7",
      ";X2a,24004030401a1a22001320002726000722080222ec16080219162022072b142000272200210029220127", 0
    ),
    ("$rip > 0x1000", ";Xb,2600102a402310002b1527", 1),
    ("$rip > 0xffffffff80000000", ";Xf,2600102a40248000000016202b1527", 0),
    ("table[first] == -7", ";X22,24004030e026000722080222dc160802191620220204022a4018161022f916081327", 1),
    ("sc < uc", ";X10,24004030081716082400403009171427", 1),
    ("u > i", ";X13,24004030041924004030001916202a202b1527", 1),
    ("wide < uwide", ";X14,24004030101a164024004030181a2b2a402b1527", 0),
    ("nodes[2].flags == 5", ";X17,24004030602202221004022a40220e02172a0322051327", 1),
    ("nodes[2].low == -2", ";X1c,24004030602202221004022a40220e021722030b160422fe16081327", 1),
    (
      "(i << 3) - (wide >> 2) % 3 == 41",
      ";X26,2400403000191620220309162024004030101a164022020a1640220307164003164022291327", 1
    ),
    (
      "wide / -4 + u / 3 == 1333333333",
      ";X26,24004030101a164022fc160805164024004030041922032a20062a20021640244f790d551327", 1
    ),
    ("uwide % 4 == 3", ";X13,24004030181a22042a40082a4022032a401327", 1),
    ("$cs == 0x33", ";X9,260012162022331327", 1),
    ("at->next->key != 0", ";X18,26000722080222c81608021a1a2208021916202200130e27", 1),
    ("&nodes[3] - p == 3", ";X1b,24004030602203221004022a4024004030401a0322100622031327", 1),
    ("(i & 4) != 0", ";X10,240040300019162022040f2200130e27", 1),
    (
      "(i | 8) == 13 && (i ^ 1) == 4",
      ";X30,2400403000191620220810220d1320001421002d240040300019162022011122041320002821002d220121002f220027",
      1
    ),
    ("~i == -6", ";X11,240040300019162012162022fa16081327", 1),
    ("!i", ";Xa,24004030001916200e27", 0),
    ("-i < 0", ";X11,2200240040300019162003162022001427", 1),
    ("u >= 4000000000", ";X12,2400403004192500000000ee6b2800140e27", 1),
    ("(unsigned char) i == 5", ";Xe,24004030001916202a0822051327", 1),
    ("second <= first", ";X20,26000722080222d01608021a164026000722080222dc1608021916202b140e27", 1),
    (
      "(*p).key == 7 && sc == -3",
      ";X30,24004030401a22080219162022071320001521002d240040300817160822fd16081320002821002d220121002f220027",
      1
    ),
    ("*(char*)p == 120", ";Xd,24004030401a17160822781327", 0),
    (
      "p->next != 0 && *(char*)p == 120",
      ";X2b,24004030401a1a2200130e20001121002824004030401a171608227813200023210028220121002a220027", 0
    ),
    ("*(unsigned long*)($rsp+8) == $rdi", ";X14,2600072a402208022a401a26000516402a401327", 1),
    ("p->next && i", ";X23,24004030401a1a20000d210020240040300019162020001b2100202201210022220027", 1),
    (
      "sc >> 1 == -2 && u >> 4 == 250000000",
      ";X3b,240040300817160822010a162022fe16081320001821003824004030041922042a200b2a20240ee6b2802a2013200033"
        + "210038220121003a220027", 1
    ),
    ("!$rsi", ";X7,26000416400e27", 1),
    (
      "i == 5 ? u : i", ";X21,24004030001916202205130e200018240040300419210020240040300019162027",
      4_000_000_000
    ),
  ]

  static let messages: [(command: String, tail: String, output: String)] = [
    (
      #"dprintf main,"x\t%d %s\n",i,name"#,
      ";cmds:1,X22,24004030481a2400403000191620220022003402000b785c7425642025735c6e0027", "x\t5 hello\n"
    ),
    (
      #"dprintf main,"%5d|%-#10lx|%c|%p|%%|%08lx|%+d|%.3s\n",i,uwide,uc,p,uwide,i,name"#,
      ";cmds:1,X5d,24004030481a240040300019162024004030181a24004030401a24004030091724004030181a24004030001916"
        + "2022002200340700262535647c252d2331306c787c25637c25707c25257c2530386c787c252b647c252e33735c6e0027",
      "    5|0x7       |\u{c8}|0x403060|%|00000007|+5|hel\n"
    ),
    (
      #"dprintf main,"%lu %llu %lld %hd %zu %o %X %i\n",uwide,uwide,wide,sc,uwide,i,u,i"#,
      ";cmds:1,X62,2400403000191620240040300419240040300019162024004030181a240040300817160824004030101a164024"
        + "004030181a24004030181a2200220034080021256c7520256c6c7520256c6c642025686420257a7520256f2025582025695c6e0027",
      "7 7 -1 -3 7 5 EE6B2800 5\n"
    ),
    (#"dprintf main,"none\n""#, ";cmds:1,X10,22002200340000076e6f6e655c6e0027", "none\n"),
    (
      #"dprintf main,"quote\"q\\ %u\e[0m",u"#,
      ";cmds:1,X22,240040300419220022003401001371756f74655c22715c5c2025755c655b306d0027",
      "quote\"q\\ 4000000000\u{1b}[0m"
    ),
    (
      #"dprintf main,"%5s|%-5s|%#o|% d|%05d|%x|%5p|%5c|%.4d|%8.4x|%li\n",name,name,i,i,i,-1,p,uc,i,i,wide"#,
      ";cmds:0,X87,24004030101a16402400403000191620240040300019162024004030091724004030401a22ff16082400403000"
        + "1916202400403000191620240040300019162024004030481a24004030481a22002200340b00322535737c252d35737c25236f"
        + "7c2520647c253035647c25787c2535707c2535637c252e34647c25382e34787c256c695c6e0027",
      "hello|hello|05| 5|00005|ffffffff|0x403060|    \u{c8}|0005|    0005|-1\n"
    ),
  ]
}
