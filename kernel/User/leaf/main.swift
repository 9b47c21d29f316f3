import RingThree

// The shortest program: what `cycles` executes.

System.exit(9)
