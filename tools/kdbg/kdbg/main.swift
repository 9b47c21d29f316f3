print("kdbg")
