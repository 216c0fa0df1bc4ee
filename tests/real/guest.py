"""A guest operating system in QEMU: Debian's kernel, the driver of its NIC, and busybox, which pings and powers off.

The processor is emulated, so that no machine needs virtualization. The initramfs holds four files and is made here, in
the format of the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

import lzma
import shutil
import struct
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tests.real.namespaces import Namespace
from tests.real.running import Running

__all__ = ["boot", "missing_for_guests"]

MODULES = Path("/lib/modules")
NIC = "kernel/drivers/net/ethernet/intel/e1000/e1000.ko"
INIT = """\
#!/bin/busybox sh
for tool in cat insmod ip mount ping poweroff usleep; do /bin/busybox ln -s busybox /bin/$tool; done
mount -t sysfs sysfs /sys
insmod /nic.ko
number=0
for address in {addresses}; do
    ip link set eth$number up
    ip addr add $address dev eth$number
    number=$((number + 1))
done
for nic in /sys/class/net/eth*; do
    until [ "$(cat $nic/carrier)" = 1 ]; do usleep 20000; done
done
echo GUEST LINKS
{commands}
poweroff -f
"""


def _kernels() -> list[tuple[Path, Path]]:
    """The kernels that are installed here and have the driver, with the folders of their modules."""
    found = [(Path("/boot") / f"vmlinuz-{folder.name}", folder) for folder in sorted(MODULES.glob("*"))]
    return [(kernel, folder) for kernel, folder in found if kernel.exists() and (folder / NIC).exists()]


def missing_for_guests() -> str | None:
    """What keeps a guest from being started here, if anything does."""
    busybox = shutil.which("busybox")
    if shutil.which("qemu-system-x86_64") is None:
        return "not installed: qemu-system-x86_64"
    if busybox is None or b"/lib64/ld-linux" in Path(busybox).read_bytes():
        return "not installed: a busybox that needs no libraries, such as Debian's busybox-static"
    if not _kernels():
        return "no kernel in /boot has a driver for the e1000, as Debian's linux-image-amd64 has"
    return None


def boot(
    place: Namespace, folder: Path, netdevs: Sequence[str], addresses: Sequence[str], commands: Sequence[str]
) -> AbstractContextManager[Running]:
    """Start a guest in a namespace; what it prints comes over its serial line.

    :param folder: where its initramfs is made
    :param netdevs: what each of its NICs is plugged in to, in QEMU's words and without an id
    :param addresses: of its NICs, with the length of the prefix
    :param commands: what it does once all NICs have a link
    """
    packed, modules = _kernels()[-1]
    kernel, initramfs = folder / "kernel", folder / "initramfs"
    kernel.write_bytes(_unpacked(packed.read_bytes()))
    script = INIT.format(addresses=" ".join(addresses), commands="\n".join(commands))
    initramfs.write_bytes(_initramfs(modules / NIC, script))
    options = [
        "-accel tcg -m 192 -nodefaults -no-user-config -no-reboot -display none -serial stdio",
        f"-kernel {kernel} -initrd {initramfs}",
        *(f"-netdev {netdev},id=n{n} -device e1000,netdev=n{n},romfile=" for n, netdev in enumerate(netdevs)),
    ]
    words = [word for line in options for word in line.split()]
    return place.running("qemu-system-x86_64", *words, "-append", "console=ttyS0 quiet panic=-1 mitigations=off")


def _unpacked(image: bytes) -> bytes:
    """A kernel that need not unpack itself, which takes an emulated processor half of the whole time.

    Source: the kernel's Documentation/arch/x86/boot.rst. One that is packed otherwise is left as it is.
    """
    sectors = image[0x1F1] or 4
    start, size = struct.unpack_from("<II", image, 0x248)
    payload = image[(sectors + 1) * 512 + start :][:size]
    return lzma.LZMADecompressor().decompress(payload) if payload.startswith(b"\xfd7zXZ") else image


def _initramfs(nic: Path, script: str) -> bytes:
    """An archive of what a guest needs."""
    busybox = Path(shutil.which("busybox") or "busybox")
    folders = [_entry(name, 0o040755) for name in ("bin", "sys")]
    files = [
        _entry("init", 0o100755, script.encode()),
        _entry("bin/busybox", 0o100755, busybox.read_bytes()),
        _entry("nic.ko", 0o100644, nic.read_bytes()),
    ]
    return b"".join((*folders, *files, _entry("TRAILER!!!", 0)))


def _entry(name: str, mode: int, content: bytes = b"") -> bytes:
    """One file of an archive in the "newc" format."""
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return _padded(head) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
