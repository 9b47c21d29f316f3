import RingTransition
import X86

extension DeliveryChain {
  /// The chain in short: each vector tried with its error code, then the end, then CR2 where it was written.
  var summary: String {
    var words: [String] = []
    for position in 0..<count {
      guard let attempt = self[position] else { continue }
      let code = attempt.errorCode.map { "(\(String($0, radix: 16)))" } ?? ""
      words.append((attempt.vector.map { "\($0)" } ?? "syscall") + code)
    }
    switch end {
    case .delivered(let arrival):
      let stack =
        switch arrival.stack {
        case .current: "current stack"
        case .ring(let ring): "rsp\(ring)"
        case .interruptStack(let slot): "ist\(slot)"
        }
      words.append("rip \(String(arrival.savedRIP, radix: 16)) \(stack)")
    case .systemCall(let entry): words.append("entered \(String(entry.rip, radix: 16))")
    case .shutdown: words.append("shutdown")
    case .recursion(let vector): words.append("recursion \(vector)")
    case .unknown(let missing): words.append("unknown \(missing)")
    }
    if let faultAddress { words.append("cr2 \(String(faultAddress, radix: 16))") }
    return words.joined(separator: " ")
  }
}
