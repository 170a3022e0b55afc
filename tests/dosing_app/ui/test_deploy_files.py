"""The files for a hospital's server pass their own checkers, and name what is there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
CONTAINER = (DEPLOY / "Containerfile").read_text("utf-8")
UNIT = (DEPLOY / "asuc.service").read_text("utf-8")
NGINX = (DEPLOY / "nginx.conf.example").read_text("utf-8")
PAGE = (ROOT / "docs" / "how-to" / "hospital-server.md").read_text("utf-8")
PREFIX = "/usr/local/lib/asuc/bin/"
BESIDE_PYTHON = f"{Path(sys.executable).parent}/"
VARIABLES = {
    "ASUC_TRUSTED_HOST",
    "ASUC_USER_HEADER",
    "ASUC_TRUSTED_PROXY",
    "ASUC_AUDIT_LOG",
    "ASUC_THREADS",
    "ASUC_EVENT_MODEL",
    "ASUC_OMOP_URL",
    "ASUC_OMOP_SCHEMA",
    "ASUC_OMOP_CDAI",
}
SAFE_BELOW = 15  # of 100


def program(name: str) -> str:
    """Return where a program is; the test is skipped where it is missing."""
    found = shutil.which(name, path=f"{BESIDE_PYTHON}{os.pathsep}{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603


def settings(name: str) -> list[str]:
    """Return the values of a setting of the unit."""
    return re.findall(rf"^{name}=(.*)$", UNIT, flags=re.MULTILINE)


def container_command() -> list[str]:
    """Return what the container runs."""
    return [
        part
        for name in ("ENTRYPOINT", "CMD")
        for part in json.loads(re.findall(rf"^{name} (.*)$", CONTAINER, re.MULTILINE)[-1])
    ]


def test_the_container_file_passes_its_linter():
    done = run(program("hadolint"), str(DEPLOY / "Containerfile"))

    assert (done.returncode, done.stdout) == (0, "")


def test_the_container_is_built_from_checked_packages_and_runs_as_nobody():
    build, serve = CONTAINER.split("\nFROM ")[1:]

    assert "--require-hashes --requirement requirements.lock" in build
    assert "pip uninstall" in serve
    assert re.findall(r"^USER (.*)$", serve, re.MULTILINE) == ["10001:10001"]
    assert serve.index("USER") < serve.index("ENTRYPOINT")
    assert not [
        line for line in re.findall(r"^FROM (\S+)", CONTAINER, re.MULTILINE) if line.endswith((":latest", "python"))
    ]


def test_the_containers_health_check_asks_the_health_page():
    check = re.search(r"^HEALTHCHECK .*\\\n    CMD (.*)$", CONTAINER, re.MULTILINE)

    assert check is not None
    assert "http://127.0.0.1:8050/health" in json.loads(check.group(1))[-1]


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Return the unit with its programs where they are here."""
    path = tmp_path / "asuc.service"
    path.write_text(UNIT.replace(PREFIX, BESIDE_PYTHON), encoding="utf-8")
    return path


def test_the_unit_is_valid(unit: Path):
    done = run(program("systemd-analyze"), "verify", str(unit))

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_unit_is_closed_off(unit: Path):
    done = run(
        program("systemd-analyze"), "security", "--offline=true", "--no-pager", f"--threshold={SAFE_BELOW}", str(unit)
    )

    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_the_unit_lets_the_engine_compile_and_keeps_memory_off_the_disk():
    assert settings("MemoryDenyWriteExecute") == []
    assert settings("MemorySwapMax") == ["0"]
    assert settings("LimitCORE") == ["0"]
    assert settings("DynamicUser") == ["yes"]


@pytest.mark.parametrize(
    "command", [settings("ExecStart")[0].removeprefix(PREFIX).split(), container_command()], ids=["unit", "container"]
)
def test_gunicorn_understands_its_options_and_finds_the_app(command: list[str]):
    assert command[0] == "gunicorn"
    done = run(sys.executable, "-m", "gunicorn", "--check-config", *command[1:])

    assert (done.returncode, done.stderr) == (0, "")


def test_nginx_understands_its_file(tmp_path: Path):
    nginx, openssl = program("nginx"), program("openssl")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dosing", "-days", "1"]
    run(openssl, *request, "-keyout", str(key), "-out", str(certificate))
    block = re.sub(r"/etc/ssl/certs/\S+(?=;)", str(certificate), NGINX)
    block = re.sub(r"/etc/ssl/private/\S+(?=;)", str(key), block)
    block = block.replace("listen 80;", "listen 127.0.0.1:18080;").replace(
        "listen 443 ssl;", "listen 127.0.0.1:18443 ssl;"
    )
    whole = tmp_path / "nginx.conf"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "\n".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    whole.write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}\n{block}\n}}\n", encoding="utf-8"
    )
    done = run(nginx, "-t", "-e", f"{tmp_path}/error.log", "-c", str(whole))

    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_the_proxy_replaces_the_header_that_the_page_names():
    header = re.search(r"^ASUC_USER_HEADER=(.*)$", PAGE, re.MULTILINE)

    assert header is not None
    assert f"proxy_set_header {header.group(1)} $user;" in NGINX


def test_the_page_and_the_program_name_the_same_variables():
    sources = [ROOT / "asuc" / "cli" / "app.py", ROOT / "dosing_app" / "ui" / "wsgi.py"]
    read = {name for path in sources for name in re.findall(r'"(ASUC_\w+)"', path.read_text("utf-8"))}

    assert read == VARIABLES
    assert not [name for name in VARIABLES if f"`{name}`" not in PAGE]


def test_the_page_says_what_was_never_started():
    assert PAGE.count("**Never ") == 2
