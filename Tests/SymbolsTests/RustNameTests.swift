import Testing

@testable import Symbols

/// Rust's v0 names: the examples of its reference and of rustc's own tests.
@Suite struct RustNameTests {
  @Test(arguments: [
    ("_RNvC6_123foo3bar", "123foo::bar"),
    ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
    ("_RNvNtCs1234_6kernel6memory3map.llvm.1234", "kernel::memory::map"),
    ("_RNCNCNgCs6DXkGYi8lr_2cc5spawn00B5_", "cc::spawn::{closure#0}::{closure#0}"),
    (
      "_RNCINkXs25_NgCsbmNqQUJIY6D_4core5sliceINyB9_4IterhENuNgNoBb_4iter8iterator8Iterator9rpositionNCNgNpB9_"
        + "6memchr7memrchrs_0E0Bb_",
      "<core::slice::Iter<u8> as core::iter::iterator::Iterator>::rposition"
        + "::<core::slice::memchr::memrchr::{closure#1}>::{closure#0}"
    ),
    (
      "_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std",
      "alloc::alloc::box_free::<dyn alloc::boxed::FnBox<()><Output = ()>>"
    ),
    ("_RMCs4fqI2P2rA04_13const_genericINtB0_8UnsignedKhb_E", "<const_generic::Unsigned<11>>"),
    ("_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKs98_E", "<const_generic::Signed<152>>"),
    ("_RMCs4fqI2P2rA04_13const_genericINtB0_6SignedKanb_E", "<const_generic::Signed<-11>>"),
    ("_RMCs4fqI2P2rA04_13const_genericINtB0_4BoolKb1_E", "<const_generic::Bool<true>>"),
    ("_RMCs4fqI2P2rA04_13const_genericINtB0_4CharKc76_E", "<const_generic::Char<'v'>>"),
    (
      "_RNvMs0_NtCs5l0EXMQXRMU_21rustc_data_structures8flat_mapINtB5_7FlatMapmE3get",
      "<rustc_data_structures::flat_map::FlatMap<u32>>::get"
    ),
    ("_RINvC1a1fFUKCmyEuE", "a::f::<unsafe extern \"C\" fn(u32, u64)>"),
    ("_RINvC1a1fRShTmEAaj4_OeE", "a::f::<&[u8], (u32,), [i8; 4], *mut str>"),
  ])
  func names(_ mangled: String, _ name: String) {
    #expect(Demangler.demangle(mangled) == name)
  }

  @Test(arguments: [
    "_R", "_RN", "_RNvC6_123foo", "_RNvC9_123foo3bar", "_R1NvC6_123foo3bar", "_RNvC6_123foo3barX", "_RB_",
    "_RNvB_3foo",
    "_RC99999999999999999999a", "_RCszzzzzzzzzzzzzzzzzzzzzz_1a", "_Reference", "_ReadPort",
  ])
  func whatIsNoName(_ text: String) {
    #expect(Demangler.demangle(text) == nil)
  }

  /// Nothing that stands in a symbol table makes it fail.
  @Test func garbage() {
    let letters = Array("BCDEFIKLMNNNPRSTXYvt_s01289abjmu")
    for _ in 0..<20_000 {
      let name = "_R" + String((0..<Int.random(in: 0..<60)).map { _ in letters.randomElement() ?? "C" })
      _ = Demangler.demangle(name)
    }
  }
}
