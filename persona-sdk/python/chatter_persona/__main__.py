import argparse
import sys
from pathlib import Path

from .build import Wrong, build


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m chatter_persona")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="make a component of a project")
    command.add_argument("folder", nargs="?", default=".", type=Path)
    command.add_argument("--out", type=Path, help="the file; dist/NAME.wasm if it is left out")
    given = parser.parse_args()
    try:
        file = build(given.folder, given.out)
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(f"{file}: {file.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
