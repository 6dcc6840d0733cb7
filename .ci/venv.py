"""Makes .venv and installs one requirements file, once per content of that file.

The Makefile runs it with the system's Python before every recipe; when nothing changed it ends
in a few milliseconds. A half-made environment is made anew. Written so that an old Python still
gets to the sentence that says what is missing.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMPS = os.path.join(VENV, ".installed")
OLDEST = (3, 11)
# The development file holds everything that the other one does.
COVERS = {"requirements.txt": ("requirements.txt", "requirements-dev.txt")}


def main(name: str) -> None:
    """Install `name` (a file beside the Makefile) unless that is done."""
    os.chdir(ROOT)
    if sys.version_info < OLDEST:
        sys.exit(
            "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "."
            " Name another one: make PYTHON=python3.12 ..."
        )
    if is_installed(name):
        return
    with open(os.path.join(ROOT, ".venv.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two `make` at once: the second one waits
        if not is_installed(name):
            make_environment()
            install(name)


def is_installed(name: str) -> bool:
    """Whether this content was installed before, by itself or within a larger file."""
    try:
        with open(STAMPS) as file:
            stamps = set(file.read().split())
    except OSError:
        return False
    return os.path.exists(PYTHON) and any(
        digest(file) in stamps for file in COVERS.get(name, (name,))
    )


def digest(name: str) -> str:
    """What identifies the file's content."""
    with open(os.path.join(ROOT, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def make_environment() -> None:
    """A working .venv; one whose Python or pip does not run is replaced."""
    if os.path.exists(PYTHON) and runs("-m", "pip", "--version"):
        return
    missing = [module for module in ("venv", "ensurepip") if not importlib.util.find_spec(module)]
    if missing:
        sys.exit(
            f"Python's {missing[0]} module is missing."
            " On Debian and Ubuntu: apt-get install python3-venv"
        )
    shutil.rmtree(VENV, ignore_errors=True)
    say("making .venv")
    done = subprocess.run([sys.executable, "-m", "venv", VENV], check=False)
    if done.returncode != 0 or not runs("-m", "pip", "--version"):
        sys.exit(f"the virtual environment could not be made in {VENV}")


def install(name: str) -> None:
    """Install with pip; the stamp is written only when all is in place."""
    say(f"installing {name} (once; it takes a minute or two)")
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME")
    }
    command = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
    command.append(
        "--no-compile"
    )  # what is imported compiles itself; the rest would double the time
    if subprocess.run([*command, "-r", name], env=env, check=False).returncode != 0:
        sys.exit(f"the packages of {name} could not be installed; pip says why above")
    with open(STAMPS, "a") as file:
        file.write(digest(name) + "\n")


def runs(*arguments: str) -> bool:
    """Whether the environment's Python does this without an error."""
    try:
        done = subprocess.run(
            [PYTHON, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def say(text: str) -> None:
    """One line on the terminal."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
