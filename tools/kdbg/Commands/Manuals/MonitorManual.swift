extension MonitorCommand {
  var manual: Manual {
    #"""
    DESCRIPTION
      Hands a command to QEMU's monitor and prints what it answers. "monitor help" lists what there is. Changes that are made
      this way are not kdbg's to undo.

    EXAMPLE
          (kdbg) monitor info status
          VM status: paused (debug)

    SEE ALSO
      info
    """#
  }
}
