import Drivers
import Machine
import Stub
import X86

/// The second serial port as the stub's line.
struct DebugPort: ByteChannel {
  private var port = SerialPort(base: SerialPort<Ports>.com2, ports: Ports())
  /// Ticks of the time-stamp counter in a microsecond.
  private let ticksPerMicrosecond: UInt64

  /// The request line of the second serial port.
  static var line: UInt8 { 3 }

  /// Starts the port, and measures the time-stamp counter against the interval timer, which is used for nothing else
  /// yet.
  init() {
    var timer = IntervalTimer(ports: Ports())
    timer.startCounting()
    let first = timer.count()
    let start = Processor.timestamp
    // About a millisecond; bounded, in case the timer stands.
    var reads = 0
    var elapsed: UInt64 = 0
    while elapsed < 1200, reads < 100_000 {
      elapsed = UInt64(first &- timer.count())
      reads += 1
    }
    let ticks = Processor.timestamp &- start
    let microseconds = max(elapsed * 1_000_000 / UInt64(IntervalTimer<Ports>.frequency), 1)
    ticksPerMicrosecond = max(ticks / microseconds, 1)
    port.start()
    port.enableReceiveInterrupt()
  }

  mutating func receive() -> UInt8? { port.receive() }

  mutating func send(_ bytes: Span<UInt8>, from position: Int) -> Int {
    port.sendBurst(bytes, from: position)
  }

  /// The compiler cannot see that the measured rate is never 0.
  mutating func microseconds() -> UInt64 { Processor.timestamp / max(ticksPerMicrosecond, 1) }

  mutating func pause() { Processor.pause() }
}
