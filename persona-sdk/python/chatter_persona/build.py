"""From a project to a component: `python -m chatter_persona build [DIR] [--out FILE]`.

The project's `pyproject.toml` names its version, and in `[tool.chatter]` the class: `persona =
"persona:Parrot"`. The project's folder is where its modules are looked for.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Optional

SDK = Path(__file__).resolve().parent

#: What stays out of a component.
_LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "*.pyc", "dist", "build", "venv", "node_modules", "tests", "test_*.py"
)


class Wrong(Exception):
    """What is wrong with a project, in words for its author."""


def build(folder: Path, out: Optional[Path] = None) -> Path:
    """Builds the project in a folder; gives the file that it wrote."""
    project = folder.resolve()
    name, version, module, kind = read_project(project / "pyproject.toml")
    if not (project / f"{module}.py").is_file() and not (project / module).is_dir():
        raise Wrong(f"pyproject.toml: tool.chatter.persona: there is no module {module} in {project}")
    with tempfile.TemporaryDirectory() as temporary:
        stage = Path(temporary)
        shutil.copytree(project, stage / "own", ignore=_LEFT_OUT)
        if SDK.parent != project:
            shutil.copytree(SDK, stage / "own" / "chatter_persona", ignore=_LEFT_OUT)
        (stage / "entry").mkdir()
        (stage / "entry" / "chatter_entry.py").write_text(
            "from chatter_persona.component import guest\n"
            f"from {module} import {kind} as Persona\n"
            f"Guest = guest(Persona, {name!r}, {version!r})\n"
        )
        made = stage / "made.wasm"
        command = [*_componentize_py(), "--quiet", "--wit-path", str(wit()), "--world", "persona"]
        command += ["componentize", "chatter_entry", "--output", str(made)]
        for path in ("own", "entry"):
            command += ["--python-path", str(stage / path)]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode != 0:
            raise Wrong(f"{name} can't be built: {_tidied(ran.stderr or ran.stdout)}")
        target = out or project / "dist" / f"{name}.wasm"
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.part")
        shutil.copyfile(made, unfinished)
        unfinished.replace(target)
    return target


def read_project(file: Path) -> tuple[str, str, str, str]:
    """The module's name and version, and the Python module and class of its persona."""
    try:
        manifest = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Wrong(f"{file} does not exist: this is no Python project") from None
    except tomllib.TOMLDecodeError as error:
        raise Wrong(f"{file}: {error}") from None
    project = manifest.get("project", {})
    persona = manifest.get("tool", {}).get("chatter", {}).get("persona")
    for field, value in (
        ("project.name", project.get("name")),
        ("project.version", project.get("version")),
        ("tool.chatter.persona", persona),
    ):
        if not isinstance(value, str):
            raise Wrong(f"{file}: `{field}` is missing")
    named = re.fullmatch(r"([A-Za-z_]\w*):([A-Za-z_]\w*)", persona)
    if not named:
        raise Wrong(f'{file}: tool.chatter.persona: {persona!r} is not of the form "module:Class"')
    # Python allows more in a name than chatter does in a module's.
    name = project["name"].replace("_", "-").lower()
    return name, project["version"], named[1], named[2]


def wit() -> Path:
    """The contract: beside the SDK where it was vendored, or in chatter's own repository."""
    places = [SDK / "wit" / "persona.wit", SDK.parents[2] / "wit" / "persona.wit"]
    for place in places:
        if place.is_file():
            return place
    raise Wrong(f"the contract is missing: neither {' nor '.join(map(str, places))} exists")


def _componentize_py() -> list[str]:
    try:
        import componentize_py  # noqa: F401
    except ImportError:
        raise Wrong(
            f"componentize-py is not there: `{sys.executable} -m pip install --require-hashes -r "
            f"{SDK / 'requirements.txt'}`"
        ) from None
    return [sys.executable, "-c", "from componentize_py import script; script()"]


def _tidied(said: str) -> str:
    """What Python said of the author's code, from its traceback on, without where it was mounted."""
    # It is wrapped by a traceback of the tool's own, and followed by the tool's reasons and places.
    at = said.rfind("AssertionError: Traceback (most recent call last)")
    at = at + len("AssertionError: ") if at >= 0 else said.find("Traceback (most recent call last)")
    text = re.split(r"^(?:Caused by|Stack backtrace):", said[max(at, 0) :], flags=re.MULTILINE)[0]
    own = [line for line in text.splitlines() if not line.startswith("note:")]
    return re.sub(r'"/\d+/', '"', "\n".join(own)).strip()
