import Commands
import Foundation
import Inspect
import Render
import Session
import Symbols

/// Opens what a verb works on; what goes wrong ends kdbg with the right status.
enum Kernel {
  /// Whether a verb does its work with a kernel that is no ELF file.
  enum Need { case necessary, helpful }

  private static func program(at path: String) throws -> ELFProgram {
    do throws(SymbolError) {
      return ELFProgram(try ELFImage(path: path))
    } catch {
      throw Ending(.usage, error.description)
    }
  }

  /// The files of `--symbols`, the kernel's first: `kernel` is the one to start, which counts unless one of the files is
  /// for the same addresses or it is no ELF file itself. Nil without any.
  static func programs(
    _ common: CommonOptions, kernel: String? = nil, _ need: Need = .necessary
  ) throws -> ProgramSet? {
    var files = try common.symbols.map { text in
      let file = SymbolFile(text)
      return (program: try program(at: file.path), slide: file.slide)
    }
    if let upper = files.firstIndex(where: { $0.program.isUpperHalf }) {
      files.insert(files.remove(at: upper), at: 0)
    }
    if let kernel, files.isEmpty || !files.contains(where: { $0.slide == nil && $0.program.isUpperHalf }) {
      do {
        files.insert((try program(at: kernel), nil), at: 0)
      } catch {
        if files.isEmpty, need == .necessary { throw error }
      }
    }
    guard !files.isEmpty else {
      guard common.slide == nil else {
        throw Ending(.usage, "--slide moves a kernel's symbols: give --symbols ELF")
      }
      return nil
    }
    let programs = ProgramSet()
    for file in files { programs.add(file.program, slide: file.slide) }
    if let text = common.slide {
      guard let slide = Expression.number(text) else {
        throw Ending(.usage, "--slide: not a number: \"\(text)\"")
      }
      guard files[0].slide == nil else {
        throw Ending(.usage, "--slide and an offset behind the kernel's file say the same: give one of them")
      }
      programs.moveKernel(by: slide, .given)
    }
    return programs
  }

  /// Finds out where the kernel of a machine lies that runs already, unless that was said.
  static func locate(_ programs: ProgramSet?, on target: Target) {
    guard let programs, let kernel = programs.kernel, kernel.slideOrigin == .assumed, kernel.isUpperHalf
    else {
      return
    }
    var machine = target
    switch KernelSlide.find(kernel.program, in: &machine) {
    case .found(let slide, let handlers):
      programs.moveKernel(by: slide, .handlers(handlers))
      if slide != 0 {
        StandardStreams.error(
          "The kernel's symbols are moved by \(slide.hexadecimal): \(handlers) handlers of the IDT say so.\n")
      }
    case .otherKernel:
      StandardStreams.error(
        "The handlers of the IDT are not in \(kernel.program.file ?? "the file"): another kernel's symbols?\n"
      )
    case .unknown: break
    }
    // A target that was lost meanwhile says so at the first command.
  }

  /// What the file at `path` declares; nothing without one.
  static func configuration(at path: String?, _ program: (any Program)?) throws -> KernelConfiguration {
    guard let path else { return KernelConfiguration() }
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw Ending(.usage, "\(path): cannot be read as text")
    }
    do throws(ConfigurationFile.Failure) {
      return try ConfigurationFile.parse(text, program: program)
    } catch {
      throw Ending(.usage, "\(path):\(error.line): \(error.message)")
    }
  }

  static func launch(_ options: LaunchOptions, memoryBy way: MemoryWay?) throws -> Target {
    do throws(SessionError) {
      let target = try Target.launch(options)
      if let way { try target.require(way) }
      return target
    } catch {
      throw Ending(error)
    }
  }

  /// Nil is QEMU's own default.
  static func attach(_ endpoint: String?, memoryBy way: MemoryWay?) throws -> Target {
    do throws(SessionError) {
      let target = try Target.attach(
        try endpoint.map { text throws(SessionError) in try Endpoint(parsing: text) } ?? .standard)
      if let way { try target.require(way) }
      return target
    } catch {
      throw Ending(error)
    }
  }
}

/// One word of `--symbols`: FILE or FILE@OFFSET.
private struct SymbolFile {
  let path: String
  let slide: UInt64?

  init(_ text: String) {
    guard let mark = text.lastIndex(of: "@"), !FileManager.default.fileExists(atPath: text),
      let slide = Expression.number(String(text[text.index(after: mark)...]))
    else {
      path = text
      self.slide = nil
      return
    }
    path = String(text[..<mark])
    self.slide = slide
  }
}
