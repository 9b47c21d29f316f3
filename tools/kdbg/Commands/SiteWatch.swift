import Inspect
import X86

/// When the check looks for return instructions, and what it knows of the last look.
///
/// A look reads what Ring 0 can execute. It must find what comes later (a kernel behind its loader, modules, code that is
/// patched), and it must not be paid for at every return: looks take a share of the time.
public struct SiteWatch: Sendable {
  public var wish = SiteWish.auto

  /// Those of the kernel's file, where they are now.
  var fromFile: [ReturnInstruction] = []
  var judged = JudgedCode()
  /// What could be executed at the last look that read it.
  private var ranges: ExecutableRanges?
  /// False where there was more code than is searched.
  public internal(set) var isComplete = true
  /// Looks that read all of the code.
  public internal(set) var looks = 0

  /// True once an instruction was passed that loads a table.
  var isStale = false
  private let clock = ContinuousClock()
  private var nextGlance: ContinuousClock.Instant?
  private var nextLook: ContinuousClock.Instant?
  /// The same where other pages can be executed than before.
  private var nextLookAtChange: ContinuousClock.Instant?
  /// How long the machine runs before it is stopped for a glance, while nothing was checked.
  private(set) var pace = Self.shortestPace

  /// The most code of the upper half that was ever seen.
  private var mostBytes: UInt64 = 0

  private static let shortestPace = Duration.milliseconds(2)
  private static let longestPace = Duration.seconds(1)
  /// Looks may take a tenth of the time before the first checked return, and a fiftieth afterwards.
  private static func share(_ isWorking: Bool) -> Int { isWorking ? 50 : 10 }

  /// True where enough time has passed since the last glance: which pages there are.
  var isGlanceDue: Bool { isStale || (nextGlance.map { clock.now >= $0 } ?? true) }
  /// True where enough time has passed since the last look: what stands in them.
  func isLookDue(_ ranges: ExecutableRanges) -> Bool {
    guard let next = ranges == self.ranges ? nextLook : nextLookAtChange else { return true }
    return clock.now >= next
  }

  /// Plans the next ones by what the latest took. `isWorking` after the first checked return.
  mutating func note(
    glance: Duration, look: (duration: Duration, ranges: ExecutableRanges)?, isWorking: Bool, hasSites: Bool
  ) {
    let share = Self.share(isWorking)
    isStale = false
    nextGlance = clock.now + max(glance * share, isWorking ? .milliseconds(250) : .zero)
    if let look {
      ranges = look.ranges
      nextLook = clock.now + max(look.duration * share, .milliseconds(isWorking ? 1000 : 20))
      nextLookAtChange = clock.now + look.duration * (isWorking ? share : 1)
    }
    let wanted = max(glance * share, hasSites ? pace * 2 : Self.shortestPace)
    pace = min(max(wanted, Self.shortestPace), Self.longestPace)
  }

  /// True where the loaded table maps the kernel, and not just what remains of it for Ring 3: what is not in `ranges`
  /// then is no code of the kernel's (a loader's, data that could be executed while it booted).
  mutating func isWhole(_ ranges: ExecutableRanges) -> Bool {
    mostBytes = max(mostBytes, ranges.upperByteCount)
    return ranges.isComplete && mostBytes > 0 && ranges.upperByteCount * 2 >= mostBytes
  }

  /// Begins with breakpoints that may be right: the machine is left alone for longer.
  mutating func trustSites() { pace = Self.longestPace }
}
