import CElfutils
import X86

/// The functions of one compilation unit by their addresses, and what was inlined into them.
///
/// Made by one pass over the entries that can hold functions; a function's own entries are read when an address falls
/// into it.
@safe
struct FunctionIndex {
  private struct Function {
    var low: UInt64
    var high: UInt64
    var entry: Dwarf_Off
  }

  private let functions: [Function]
  private let unit: Dwarf_Off

  /// Entries may be nested as deep as their writer likes; a damaged file must end somewhere.
  private static let deepestNesting = 128

  init(unit: Dwarf_Off, of dwarf: DwarfHandle) {
    self.unit = unit
    var found: [Function] = []
    if let entry = unsafe dwarf.entry(at: unit) { unsafe Self.collect(in: entry, depth: 0, &found) }
    functions = found.sorted { $0.low < $1.low }
  }

  /// The functions at `address`, the innermost first; `line` is the instruction's own.
  func scopes(at address: VirtualAddress, line: SourceLine?, in dwarf: DwarfHandle) -> CodeScopes? {
    let location = address.rawValue
    var after = functions.partitionPoint { $0.low > location }
    // Code that the linker dropped stands at 0, one function over the other.
    while after > 0, functions[after - 1].high <= location, functions[after - 1].low == 0 { after -= 1 }
    guard after > 0, location < functions[after - 1].high,
      let function = unsafe dwarf.entry(at: functions[after - 1].entry),
      let unit = unsafe dwarf.entry(at: unit)
    else { return nil }
    // SAFETY: the entries belong to the live handle.
    let chain = unsafe Self.chain(to: location, from: function)
    return unsafe Self.scopes(of: chain, line, Self.files(of: unit))
  }

  // SAFETY, for all that follows: an entry is a value that points into a live handle, which the caller holds; libdw reads
  // entries through a pointer that lives across the call, and its texts are copied at once.

  private static func collect(in parent: Dwarf_Die, depth: Int, _ found: inout [Function]) {
    guard depth < deepestNesting else { return }
    unsafe forEachChild(of: parent) { child in
      var entry = unsafe child
      switch Int(unsafe dwarf_tag(&entry)) {
      case DW_TAG_subprogram:
        var base: Dwarf_Addr = 0
        var low: Dwarf_Addr = 0
        var high: Dwarf_Addr = 0
        var next = 0
        while true {
          next = unsafe dwarf_ranges(&entry, next, &base, &low, &high)
          guard next > 0 else { break }
          if low < high {
            found.append(Function(low: low, high: high, entry: unsafe dwarf_dieoffset(&entry)))
          }
        }
      case DW_TAG_namespace, DW_TAG_module, DW_TAG_structure_type, DW_TAG_class_type, DW_TAG_union_type,
        DW_TAG_enumeration_type:
        unsafe collect(in: child, depth: depth + 1, &found)
      default: break
      }
    }
  }

  /// The function and the calls inlined there that lead to `location`, the outermost first.
  private static func chain(to location: UInt64, from function: Dwarf_Die) -> [Dwarf_Die] {
    var chain = unsafe [function]
    var current = unsafe function
    for _ in 0..<deepestNesting {
      var next: Dwarf_Die?
      unsafe forEachChild(of: current) { child in
        var entry = unsafe child
        let tag = Int(unsafe dwarf_tag(&entry))
        guard unsafe next == nil, tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block,
          unsafe dwarf_haspc(&entry, location) == 1
        else { return }
        unsafe next = entry
      }
      guard var found = unsafe next else { break }
      if Int(unsafe dwarf_tag(&found)) == DW_TAG_inlined_subroutine { unsafe chain.append(found) }
      unsafe current = found
    }
    return unsafe chain
  }

  private static func scopes(
    of chain: [Dwarf_Die], _ line: SourceLine?, _ files: OpaquePointer?
  ) -> CodeScopes {
    var scopes = CodeScopes(functions: [])
    // Line 0 is the compiler's own code.
    var line = line.flatMap { $0.line == 0 ? nil : $0 }
    for index in unsafe chain.indices.reversed() {
      let entry = unsafe chain[index]
      let plain = unsafe text(entry, DW_AT_name)
      if index > 0, scopes.functions.isEmpty, let plain, plain.hasPrefix(CodeScopes.trapPrefix) {
        scopes.trap = String(plain.dropFirst(CodeScopes.trapPrefix.count))
        line = unsafe callLine(entry, files) ?? line
        continue
      }
      let linkage = unsafe text(entry, DW_AT_linkage_name)
      let name = linkage.map(SymbolName.shown) ?? plain ?? "?"
      scopes.functions.append(FunctionScope(name: name, line: line, isInlined: index > 0))
      line = unsafe callLine(entry, files)
    }
    return scopes
  }

  /// Where an inlined function was called.
  private static func callLine(_ call: Dwarf_Die, _ files: OpaquePointer?) -> SourceLine? {
    guard let number = unsafe value(call, DW_AT_call_line), number != 0,
      let file = unsafe value(call, DW_AT_call_file),
      let files = unsafe files, let path = unsafe dwarf_filesrc(files, Int(clamping: file), nil, nil)
    else { return nil }
    return SourceLine(file: unsafe String(cString: path), line: Int(clamping: number))
  }

  private static func files(of unit: Dwarf_Die) -> OpaquePointer? {
    var entry = unsafe unit
    var files: OpaquePointer?
    var count = 0
    return unsafe dwarf_getsrcfiles(&entry, &files, &count) == 0 ? files : nil
  }

  private static func text(_ entry: Dwarf_Die, _ name: Int) -> String? {
    var entry = unsafe entry
    var attribute = unsafe Dwarf_Attribute()
    guard unsafe dwarf_attr_integrate(&entry, UInt32(name), &attribute) != nil,
      let text = unsafe dwarf_formstring(&attribute)
    else { return nil }
    return unsafe String(cString: text)
  }

  private static func value(_ entry: Dwarf_Die, _ name: Int) -> UInt64? {
    var entry = unsafe entry
    var attribute = unsafe Dwarf_Attribute()
    var value: Dwarf_Word = 0
    guard unsafe dwarf_attr(&entry, UInt32(name), &attribute) != nil,
      unsafe dwarf_formudata(&attribute, &value) == 0
    else { return nil }
    return value
  }

  private static func forEachChild(of parent: Dwarf_Die, _ body: (Dwarf_Die) -> Void) {
    var parent = unsafe parent
    var child = unsafe Dwarf_Die()
    guard unsafe dwarf_child(&parent, &child) == 0 else { return }
    while true {
      unsafe body(child)
      var next = unsafe Dwarf_Die()
      guard unsafe dwarf_siblingof(&child, &next) == 0 else { return }
      unsafe child = next
    }
  }
}
