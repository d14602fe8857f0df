"""An output folder that is made in no time: every file holds the version of the whole."""

from lmu_hls import replace

FILES = ("manifest.json", "hls/a.h", "verilog/rtl/b.v", "spec.npz")


def write(folder, version):
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(version)


def convert(root, version, force=True):
    with replace.replacing(root, force) as draft:
        write(draft.root, version)


def versions(root):
    return {(root / name).read_text() for name in FILES}
