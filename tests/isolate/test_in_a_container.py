"""A whole guarded session in a real container: the guard vets there, and Landlock is its box.

The image is busybox alone; this system's programs and the environment of the tests are mounted read-only.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_guard.isolate import containers
from jupyter_guard.isolate.containers import Engine, engines
from jupyter_guard.isolate.probing import probes

ROOT = Path(__file__).parents[2]
IMAGE = "localhost/jupyter-guard-test"
BUSYBOX = shutil.which("busybox")
MISSING = [name for name in ("podman", "busybox", "runc") if shutil.which(name) is None]
SECONDS = 200
# A control group of version 1 beside one of version 2 is nothing to crun, and limits that may not be raised stay.
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
"""
CELLS = """
import os
print("in a container", not os.path.exists("/etc/debian_version"), os.getuid())
"""

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(
        bool(MISSING), reason=f"not here: {', '.join(MISSING)}; elsewhere: apt-get install podman runc busybox-static"
    ),
]


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The words that start something in a container without network, as a person who is not root."""
    folder = tmp_path_factory.mktemp("podman")
    (folder / "containers.conf").write_text(CONFIGURATION)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CONTAINERS_CONF", str(folder / "containers.conf"))
        patched.setattr(containers, "ENGINES", ("podman",))
        done = subprocess.run(["podman", "import", "-", IMAGE], input=image(), capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"podman imports no image here: {done.stderr.decode()[-300:]}")
        try:
            one = engines()[0]
            if one.trouble:
                pytest.skip(f"podman starts no container here: {one.trouble}")
            yield words()
        finally:
            subprocess.run(["podman", "rmi", "--force", IMAGE], capture_output=True, check=False, timeout=60)


def image() -> bytes:
    """A tree with a shell, three people's names and folders to write to, as podman imports it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, mode, owner in (("tmp", 0o1777, 0), ("home", 0o755, 0), ("home/ada", 0o700, 1000), ("etc", 0o755, 0)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode, folder.uid = tarfile.DIRTYPE, mode, owner
            archive.addfile(folder)
        passwd = b"root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n"
        file = tarfile.TarInfo("etc/passwd")
        file.size = len(passwd)
        archive.addfile(file, io.BytesIO(passwd))
        assert BUSYBOX is not None
        archive.add(os.path.realpath(BUSYBOX), "bin/busybox")
        for name in ("sh", "uname"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    return made.getvalue()


def words() -> list[str]:
    mounted = [one for one in ("/usr", "/lib", "/lib64", "/bin", "/sbin") if os.path.exists(one)]
    mounted += [one for one in dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT))) if not one.startswith("/usr/")]
    mounts = [word for one in mounted for word in ("-v", f"{one}:{one}:ro")]
    closed = ["--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=4g", "--pids-limit=512"]
    person = [
        "--user",
        "1000:1000",
        "--env",
        "HOME=/home/ada",
        "--env",
        f"PATH={Path(sys.executable).parent}:/usr/bin:/bin",
        "--workdir",
        "/home/ada",
    ]
    return ["podman", "run", "--rm", "--interactive", "--pull=never", *closed, *person, *mounts, IMAGE]


def run(podman: list[str], script: str) -> str:
    done = subprocess.run(
        [*podman, "/bin/sh", "-eu"], input=script, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_engine_starts_something_real(podman: list[str]) -> None:
    assert podman
    plain, *others = engines()
    # A container shares this system's kernel; gVisor answers for one of its own.
    assert plain == Engine("podman", "", "", os.uname().release)
    for one in others:
        assert (one.runtime, one.trouble) == ("runsc", "")
        assert one.release != plain.release


def test_a_guarded_kernel_vets_and_runs_there(podman: list[str]) -> None:
    script = f"""
mkdir kept work; echo 1 > kept/one; cd work
cat > runs.py <<'CELL'{CELLS}CELL
printf 'import shutil\\nshutil.rmtree("/home/ada/kept")\\n' > wipes.py
{sys.executable} -m jupyter_client.runapp --kernel=guarded-python runs.py
{sys.executable} -m jupyter_client.runapp --kernel=guarded-python wipes.py 2>&1 </dev/null || echo refused
cat ../kept/one
"""
    said = run(podman, script)
    assert "in a container True 1000" in said
    assert "refused\n1" in said.replace("\r", "")


@pytest.mark.skipif(not shutil.which("runsc"), reason="no runsc here; elsewhere: apt-get install runsc")
def test_a_guarded_kernel_runs_in_gvisor(podman: list[str]) -> None:
    chosen = ["--runtime", str(shutil.which("runsc")), "--runtime-flag", "network=none"]
    script = f"""
mkdir work; cd work
printf 'import os\\nprint("release", os.uname().release, 6 * 7)\\nos.remove("/srv/data")\\n' > cell.py
{sys.executable} -m jupyter_client.runapp --kernel=guarded-python cell.py 2>&1 </dev/null || echo refused
"""
    said = run([podman[0], *chosen, *podman[1:]], script)
    assert "refused" in said
    assert "release" not in said
    assert "/srv/data" in said
    ran = script.replace('os.remove("/srv/data")', "").replace("mkdir work", "mkdir -p work")
    assert f"release {os.uname().release}" not in (said := run([podman[0], *chosen, *podman[1:]], ran))
    assert said.rstrip().endswith("42")


def test_what_landlock_holds_there(podman: list[str]) -> None:
    command = f"{sys.executable} -P -m jupyter_guard isolation --probe --backend landlock --rounds 1"
    told = json.loads(run(podman, f"{command} --format json || true"))
    (backend,) = (one for one in told["backends"] if one["backend"] == "landlock")
    # One that gave no answer was not blocked.
    blocked = [one for one in backend["probes"] if one["outcome"] == "blocked"]
    assert len(backend["probes"]) == len(probes())
    assert len(blocked) >= 0.95 * len(backend["probes"]), [
        one["name"] for one in backend["probes"] if one["outcome"] != "blocked"
    ]
