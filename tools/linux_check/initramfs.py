"""The initramfs: a console and init.s."""

import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("init.s")


def build(directory):
    program = directory / "init"
    subprocess.run(
        ["gcc", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-o", program, SOURCE], check=True, timeout=60
    )
    archive = directory / "initramfs"
    archive.write_bytes(
        member("dev", 0o40755)
        + member("dev/console", 0o20600, device=(5, 1))
        + member("init", 0o100755, program.read_bytes())
        + member("TRAILER!!!", 0)
    )
    return archive


def member(name, mode, content=b"", device=(0, 0)):
    """One member of a cpio archive in the format "newc"."""
    path = name.encode() + b"\0"
    # inode, mode, user, group, links, time, length, device, special device, length of the name, checksum
    fields = [0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(path), 0]
    return padded(b"070701" + b"".join(b"%08X" % field for field in fields) + path) + padded(content)


def padded(data):
    return data + b"\0" * (-len(data) % 4)
