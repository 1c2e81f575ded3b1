"""`make run`: the whole product on one machine, with the stand-ins, until Ctrl-C.

Variables that are set win over what is chosen here, so that a real VNPay, a real database or
another stand-in can be put in place of ours.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import environ
import httpx

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 10
START_SECONDS = 60
SERVING = "shop"  # the role of the servers
SOCKET_LINE = 4  # of PostgreSQL's pid file
SMTP_PORT = 8025

GREETING = """
The product is running. Ctrl-C stops everything; the data stays in {data}.

  Buy tickets                 {public}/
  API and its documentation   {public}/api/docs/
  Back office                 {public}/admin/
  Check-in at the door        {public}/check-in/
  VNPay and QStash stand-ins  {sandbox}/
  all mails                   {sandbox}/inbox/

  customer@example.com · organizer@example.com · support@example.com · admin@example.com
  all with the password demo-tickets-2026

`make demo` in another terminal buys tickets through the API.
"""


class Stopped(Exception):
    """Somebody wants everything to end."""


def main() -> int:
    """Prepare the database, start everything, watch until told to stop; return the exit code."""
    os.chdir(ROOT)
    environment = chosen_environment()
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    running: list[subprocess.Popen[bytes]] = []
    database = start_database(environment)
    try:
        for command in (["migrate", "--no-input", "--verbosity", "0"], ["seed_demo"]):
            manage(command, environment)
        serving = with_few_rights(environment)
        running += [start(command, serving) for command in servers(serving)]
        if not become_ready(environment, running):
            say("A part did not start; its own message is above. Is a port taken? Set PORT.")
            return 1
        register_schedules(environment)
        say(GREETING.format(data=environment["DATA_DIR"], **addresses(environment)))
        return watch(running)
    except Stopped:
        return 0
    except subprocess.CalledProcessError as failure:
        return failure.returncode
    finally:
        stop(running)
        # Last: the others may still be writing.
        stop(database)


def chosen_environment() -> dict[str, str]:
    """What every process gets: what is set already, `.env`, and our choices for the rest."""
    environ.Env.read_env(ROOT / ".env")
    port, sandbox_port = os.environ.get("PORT", "8000"), os.environ.get("SANDBOX_PORT", "8001")
    smtp_port = os.environ.get("SANDBOX_SMTP_PORT") or str(free_smtp_port())
    data = os.environ.get("DATA_DIR", str(ROOT / ".data"))
    public = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/")
    Path(data).mkdir(parents=True, exist_ok=True)
    chosen = {
        "SANDBOX": "1",
        "PORT": port,
        "SANDBOX_PORT": sandbox_port,
        "DATA_DIR": data,
        "SANDBOX_SMTP_PORT": smtp_port,
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "QSTASH_URL": f"http://127.0.0.1:{sandbox_port}",
        "QSTASH_TOKEN": "sandbox-qstash-token",
        "QSTASH_CURRENT_SIGNING_KEY": "sig_sandbox_current_key_of_everybody",
        "QSTASH_NEXT_SIGNING_KEY": "sig_sandbox_next_key_of_everybody",
        # Ten times as soon as QStash: somebody is watching.
        "SANDBOX_QSTASH_RETRY_FACTOR": "0.1",
        "VNPAY_TMN_CODE": "SANDBOX1",
        "VNPAY_HASH_SECRET": "SANDBOXSECRETSANDBOXSECRETSANDBX",
        # More than the stand-in's window below, within which it answers 94.
        "VNPAY_QUERY_INTERVAL_SECONDS": "5",
        "VNPAY_NOT_FOUND_MARGIN_SECONDS": "5",
        "SANDBOX_IPN_URL": f"{public}/payments/vnpay/ipn/",
        "SANDBOX_IPN_RETRY_SECONDS": "5",
        "SANDBOX_QUERY_WINDOW_SECONDS": "4",
        "SANDBOX_DATA": f"{data}/sandbox.sqlite3",
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }
    # What is set wins. The address comes last, as it may have been set with a slash at its end.
    return {**chosen, **os.environ, "PUBLIC_URL": public}


def free_smtp_port() -> int:
    """The usual one, or another that is free: a second product on this machine wants mails, too."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", SMTP_PORT))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_database(environment: dict[str, str]) -> list[subprocess.Popen[bytes]]:
    """Have the embedded PostgreSQL run as long as we do, unless another server is named."""
    if environment.get("DATABASE_URL"):
        return []
    folder = f"{environment['DATA_DIR']}/postgres"
    command = [sys.executable, "-m", "ticketing.embedded_postgres", folder]
    process = start(command, environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as said:
        # "ready", or nothing if it ended with its own message above.
        said.readline()
    return [process]


def with_few_rights(environment: dict[str, str]) -> dict[str, str]:
    """What servers get: in the embedded database an account that may do no more than they need."""
    if environment.get("DATABASE_URL"):
        return environment
    manage(["grant_rights", "--to", SERVING, "--verbosity", "0"], environment)
    pid_file = Path(environment["DATA_DIR"], "postgres", "postmaster.pid")
    socket_folder = pid_file.read_text().splitlines()[SOCKET_LINE]
    url = f"postgres://{SERVING}@/ticketing?host={quote(socket_folder)}"
    return {**environment, "DATABASE_URL": url}


def start(
    command: list[str],
    environment: dict[str, str],
    stdout: int | None = None,
    stderr: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a part in a session of its own: Ctrl-C reaches us alone, and each part is told once."""
    return subprocess.Popen(
        command, env=environment, stdout=stdout, stderr=stderr, start_new_session=True
    )


def servers(environment: dict[str, str]) -> list[list[str]]:
    """The commands that keep running: stand-ins, web server, workers.

    Without a token for QStash there is no relay, and what is due is left to nobody else first.
    """
    run_due_jobs = [sys.executable, "manage.py", "run_due_jobs"]
    workers = [[*run_due_jobs, "--every", "1"]]
    if has_queue(environment):
        relay = [sys.executable, "manage.py", "publish_jobs"]
        workers = [relay, [*run_due_jobs, "--every", "10", "--overdue-by", "60"]]
    return [
        [sys.executable, "-m", "sandbox"],
        *workers,
        [sys.executable, "-m", "ticketing.web_server", "--port", environment["PORT"]],
    ]


def has_queue(environment: dict[str, str]) -> bool:
    return bool(environment["QSTASH_TOKEN"].strip())


def register_schedules(environment: dict[str, str]) -> None:
    """At the QStash that is named. The real one delivers to no address on loopback, and says so."""
    command = [sys.executable, "manage.py", "register_schedules"]
    if has_queue(environment) and subprocess.run(command, env=environment).returncode:
        say("The schedules are not registered, so their sweeps do not run; jobs do all the same.")


def manage(arguments: list[str], environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "manage.py", *arguments], env=environment, check=True)


def addresses(environment: dict[str, str]) -> dict[str, str]:
    return {
        "public": environment["PUBLIC_URL"],
        "sandbox": f"http://127.0.0.1:{environment['SANDBOX_PORT']}",
    }


def become_ready(environment: dict[str, str], running: list[subprocess.Popen[bytes]]) -> bool:
    """Wait until web and stand-in answer; False if one of them has died or time is up."""
    where = addresses(environment)
    local = f"http://127.0.0.1:{environment['PORT']}"
    pending = [f"{local}/readyz", f"{where['sandbox']}/control/health"]
    deadline = time.monotonic() + START_SECONDS
    while pending:
        if any(process.poll() is not None for process in running) or time.monotonic() > deadline:
            return False
        pending = [url for url in pending if not answers(url)]
        time.sleep(0.1)
    return True


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def watch(running: list[subprocess.Popen[bytes]]) -> int:
    """Wait until one part ends, which none should."""
    while all(process.poll() is None for process in running):
        time.sleep(0.5)
    ended = next(process for process in running if process.poll() is not None)
    say(f"Process {ended.args!r} ended by itself; stopping the rest.")
    return 1


def stop(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with the workers it may have


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _stop(signal_number: int, frame: FrameType | None) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
