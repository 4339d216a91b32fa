"""Policies and places that are wrong: what the kernel does then, which line says so, and what to type. Real launches."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_guard.isolate import bubblewrap, refusing
from jupyter_guard.terms.host import parsed
from tests.kernel.front import GUARDED, Front

WHY = bubblewrap.trouble()
pytestmark = [pytest.mark.kernel, pytest.mark.skipif(bool(WHY), reason=WHY or "bubblewrap works")]
MOUNTS = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts something")
POLICY = """version = 1
[isolation]
require = ["files", "network"]
read = [{read}]
write = ["."]
hosts = []
env = []
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    # Short: socket paths have to fit.
    path = Path(tempfile.mkdtemp(prefix="bad-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def refused(folder: Path, policy: str, argv: list[str] | None = None) -> str:
    """The log of a kernel that does not start."""
    with pytest.raises(RuntimeError):
        Front(folder, policy, argv=argv)
    text = (folder / "log").read_text()
    assert "Traceback" not in text
    return text


def test_a_grant_for_a_path_that_does_not_exist(folder: Path) -> None:
    with Front(folder, POLICY.format(read='"~/nowhere"')) as front:
        assert front.run("1 + 1").result == "2"
        log = front.log_text()
    assert "isolation.read = '~/nowhere'" in log
    assert "does not exist, so it grants nothing" in log
    assert f"[project policy ({folder}/jupyter_guard.toml, line 4)]" in log


def test_a_limit_below_what_a_kernel_needs(folder: Path) -> None:
    log = refused(folder, POLICY.format(read="") + '[limits]\nmemory = "4 MiB"\n')
    assert f"{folder}/jupyter_guard.toml:9: limits.memory: expected at least 256 MiB" in log


def test_a_policy_that_cannot_be_read(folder: Path) -> None:
    log = refused(folder, POLICY.format(read="") + "colour = 1\n")
    assert f"{folder}/jupyter_guard.toml:8" in log
    assert "colour" in log


def test_a_kernel_that_cannot_have_a_box_is_refused_where_one_is_required(folder: Path) -> None:
    place = folder / "kernels" / "foreign"
    place.mkdir(parents=True)
    # ipykernel behind a command line of its own, as other languages' kernels have.
    code = "import sys; from ipykernel.kernelapp import launch_new_instance; launch_new_instance(sys.argv[1:])"
    argv = [sys.executable, "-c", code, "-f", "{connection_file}"]
    (place / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "f", "language": "python"}))
    path = f"import os, sys; os.environ['JUPYTER_PATH'] = {str(folder)!r}; os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", path, *GUARDED, "--wrap", "foreign"]
    log = refused(folder, POLICY.format(read=""), command)
    assert "isolation of files, network is required by project policy" in log
    assert "only ipykernels are started in a box" in log
    # Where nothing is required it starts, also beside an ipykernel's box of the same interpreter.
    (folder / "jupyter_guard.toml").unlink()
    for one in (None, command, command):
        with Front(folder, "", argv=one) as front:
            held = front.run("import os; os.environ.get('JUPYTER_GUARD_ISOLATION')").result
            assert held == ("'bubblewrap'" if one is None else "")


def test_a_workspace_behind_a_link(folder: Path) -> None:
    real = folder / "real"
    real.mkdir()
    (folder / "link").symlink_to(real)
    (real / "jupyter_guard.toml").write_text(POLICY.format(read=""))
    front = Front(folder / "link", "", home=folder)
    try:
        front.run("open('mine', 'w').write('x')")
        assert (real / "mine").exists()
        front.run("open('../beside', 'w').close()")
        assert not (folder / "beside").exists()
    finally:
        front.close()


def test_a_home_behind_a_link(folder: Path) -> None:
    real = folder / "real"
    real.mkdir()
    (folder / "home").symlink_to(real)
    with Front(folder, POLICY.format(read='"~/data"'), home=folder / "home") as front:
        (real / "data").mkdir(exist_ok=True)
        assert front.run("import os; os.path.expanduser('~')").result == repr(str(real))


def test_a_host_without_an_address() -> None:
    (said,) = refusing.unresolved(
        [parsed("no-such-host.invalid:5432"), parsed("*.example.org"), parsed("127.0.0.1:80")]
    )
    assert "isolation.hosts = 'no-such-host.invalid'" in said
    assert "getent hosts no-such-host.invalid" in said


def test_a_host_without_an_address_is_in_the_doctors_report_with_its_line(folder: Path) -> None:
    policy = POLICY.replace("hosts = []", 'hosts = ["no-such-host.invalid"]').format(read='"nowhere"')
    (folder / "jupyter_guard.toml").write_text(policy)
    words = [sys.executable, "-m", "jupyter_guard", "doctor", "--format", "json"]
    environment = {**os.environ, "HOME": str(folder)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "no address was found" in done.stdout
    assert "project policy (jupyter_guard.toml, line 6)" in done.stdout
    assert "project policy (jupyter_guard.toml, line 4)" in done.stdout


def test_file_systems_are_told_apart(tmp_path: Path) -> None:
    assert refusing.filesystem("/proc/self") == "proc"
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/a / ext4 rw 0 0\nsrv:/x /home/ana nfs4 rw 0 0\nr:/ /home/ana/my\\040drive fuse.rclone rw 0 0\n"
    )
    for path, kind in (("/home/ana", "nfs4"), ("/home/ana/my drive/x", "fuse.rclone"), ("/home/anabel", "ext4")):
        assert refusing.filesystem(path, str(mounts)) == kind


def test_a_workspace_on_a_server_or_on_a_program_s_answers_is_told_of(tmp_path: Path) -> None:
    mounts, link = tmp_path / "mounts", tmp_path / "link"
    mounts.write_text("/dev/a / ext4 rw 0 0\nsrv:/x /srv/study nfs4 rw 0 0\nr:/ /srv/drive fuse.sshfs rw 0 0\n")
    (served,) = refusing.about_place("/srv/study/a", str(mounts))
    assert served == "the workspace /srv/study/a is on nfs4: who else may write there is the server's to say"
    (answered,) = refusing.about_place("/srv/drive", str(mounts))
    assert "is on fuse.sshfs, which may refuse other namespaces" in answered
    assert "mount it with `-o allow_other`, or copy it to a local disk" in answered
    # A link is where it leads to.
    link.symlink_to("/srv/study")
    assert "is on nfs4" in refusing.about_place(str(link), str(mounts))[0]
    assert refusing.about_place("/srv/other", str(mounts)) == ()


FUSE = shutil.which("fuse-overlayfs") if os.access("/dev/fuse", os.R_OK | os.W_OK) else None


@MOUNTS
@pytest.mark.skipif(FUSE is None, reason="no /dev/fuse or no fuse-overlayfs; elsewhere: apt-get install fuse-overlayfs")
def test_on_a_real_fuse_mount_a_kernel_works_and_says_where_it_is(folder: Path) -> None:
    parts = [folder / name for name in ("lower", "upper", "own", "work")]
    for one in parts:
        one.mkdir()
    lower, upper, own, work = parts
    words = [str(FUSE), "-o", f"lowerdir={lower},upperdir={upper},workdir={own}", str(work)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing is mounted with FUSE here: {done.stderr.strip()}")
    try:
        with Front(work, POLICY.format(read=""), home=folder / "home") as front:
            assert front.run("open('mine', 'w').write('x')").result == "1"
            log = front.log_text()
    finally:
        subprocess.run(["umount", "--lazy", str(work)], check=True)
    assert f"the workspace {work} is on fuse.fuse-overlayfs, which may refuse other namespaces" in log
    assert (upper / "mine").read_text() == "x"


@MOUNTS
@pytest.mark.parametrize(("size", "works"), [("64m", True), ("256k", False)])
def test_no_space_for_the_private_directory(folder: Path, size: str, works: bool) -> None:
    full = folder / "full"
    full.mkdir()
    script = f'mount -t tmpfs -o size={size},mode=700 none {full}; TMPDIR={full} exec "$@"'
    argv = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *GUARDED]
    if works:
        with Front(folder, POLICY.format(read=""), argv=argv) as front:
            assert front.run("1 + 1").result == "2"
        return
    log = refused(folder, POLICY.format(read=""), argv)
    assert f"no kernel starts: {full} has" in log
    assert "name another place in TMPDIR" in log


def test_a_sandbox_that_dies_half_way(folder: Path) -> None:
    with Front(folder, POLICY.format(read="")) as front:
        front.run("import subprocess, time; p = subprocess.Popen(['sleep', '77'])")
        below = psutil.Process(front.pid).children(recursive=True)
        boxes = [one for one in below if one.name() == "bwrap"]
        assert boxes
        boxed = [one for one in below if "jupyter_guard.guard.helper" not in one.cmdline()]
        run = front.send("print('there', flush=True); time.sleep(3); open('went-on', 'w').close()")
        while not run.text:
            front.take_published(1)
        os.kill(boxes[0].pid, signal.SIGKILL)
        while not run.of("error"):
            front.take_published(1)
        assert run.error["ename"] == "KernelDied"
        assert "the box that it runs in was ended from outside it [SIGKILL]" in run.error["evalue"]
        assert "Restart the kernel; if it happens again, `jupyter guard doctor`." in run.error["evalue"]
        assert not psutil.wait_procs(boxed, 10)[1]
    assert not (folder / "went-on").exists()
