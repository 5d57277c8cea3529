"""The broker of a run that has none by address: mosquitto with our configuration, else iotcore."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import structlog

from ingest.broker_journal import NoJournal, build_journal
from ingest.child_process import end_with_parent
from ingest.errors import ConfigurationError, ServiceError
from ingest.text import Text

log = structlog.get_logger()

#: What mosquitto's defaults would lose or stall: it drops a burst beyond 1000 queued messages (and
#: all of QoS 0 while the receiver is away), sends no more than 20 that are not acknowledged, and
#: forgets sessions when it is killed.
_MOSQUITTO = """\
listener {port} {host}
persistence true
persistence_location {folder}/
{saving}
max_queued_messages 0
queue_qos0_messages true
max_inflight_messages 0
message_size_limit 16777216
{access}
log_dest file {folder}/mosquitto.log
log_type error
log_type warning
"""
#: What is acknowledged between two snapshots is lost when the broker is killed: so, every second.
_SNAPSHOTS = "autosave_interval 1"
#: The journal keeps it, and asks for a snapshot when there is something to save; the interval is
#: for the rest: what receivers have acknowledged meanwhile.
_JOURNAL = """\
autosave_interval 60
plugin {plugin}
plugin_opt_folder {folder}
plugin_opt_sync_ms {sync_ms}
plugin_opt_access {asked}"""
#: What is said of a mosquitto without the journal.
KILLED = Text("a broker that is killed by force may lose the messages of its last second")
_BUNDLED = Text(
    "the bundled broker keeps what it holds in memory only: when it ends, messages that wait are"
    " lost; a real site runs mosquitto"
)
#: How often the journal is brought to the disk itself [ms]; a power cut may cost so much.
SYNC_MS = 1000


class Broker:
    """A broker that we started, on loopback.

    Parameters
    ----------
    kind
        "mosquitto" or "iotcore".
    said
        What a kill of this broker can cost, then why and the cure; empty: nothing.
    """

    def __init__(
        self,
        kind: str,
        port: int,
        process: subprocess.Popen[bytes],
        said: tuple[Text, ...] = (),
    ) -> None:
        self.kind, self.port, self.process, self.said = kind, port, process, said

    @property
    def weakness(self) -> str:
        """What a kill of this broker can cost, in one sentence; empty: nothing."""
        return weakness_of(self.said)

    @property
    def url(self) -> str:
        """Address of the broker."""
        return f"mqtt://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_broker(
    folder: Path, port: int = 0, *, prefer: str = "mosquitto", journal: bool = True
) -> Broker:
    """Start a broker on loopback and wait until it answers.

    Parameters
    ----------
    folder
        Where it keeps its sessions.
    port
        0 takes 1883 when it is free, else any free one.
    prefer
        "iotcore" starts the bundled one even where mosquitto is installed.
    journal
        Whether mosquitto gets the broker journal, where it can be built.

    Raises
    ------
    ServiceError
        When the port is in use, or the broker does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port(1883)
    program = find_mosquitto() if prefer == "mosquitto" else None
    said: tuple[Text, ...] = ()
    if program:
        plugin, said = (
            _journal_of(program)
            if journal
            else (None, (KILLED, Text("the broker journal is not used")))
        )
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            # As root, mosquitto would become a user who cannot write into our folder.
            f"user {getpass.getuser()}\n"
            + mosquitto_configuration(
                port, folder.resolve(), access="allow_anonymous true", journal=plugin
            )
        )
        configuration.chmod(0o600)
        command = [program, "-c", str(configuration)]
        kind = "mosquitto"
    else:
        command = [sys.executable, "-m", "ingest.bundled_broker", str(port)]
        kind = "iotcore"
        said = (_BUNDLED,)
    # A session of its own: Ctrl-C in the terminal must reach the services first.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )
    broker = Broker(kind, port, process, said)
    deadline = time.monotonic() + 10
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            broker.stop()
            raise ServiceError(
                f"the broker {kind} did not come up on port {port} (exit code"
                f" {process.returncode}); see {folder}/mosquitto.log, or set POSTMINE_MQTT_URL to"
                " the address of a broker of yours"
            )
        time.sleep(0.05)
    return broker


def mosquitto_configuration(
    port: int,
    folder: Path,
    *,
    access: str,
    host: str = "127.0.0.1",
    journal: Path | None = None,
    sync_ms: int = SYNC_MS,
) -> str:
    """Return a mosquitto.conf that loses nothing.

    Parameters
    ----------
    access
        The lines that say who may connect.
    journal
        The plugin that `broker_journal.build_journal` made; None: none is used.
    sync_ms
        How often the journal is brought to the disk itself [ms]; 0: before each acknowledgement.

    Raises
    ------
    ConfigurationError
        When everybody could connect from beyond this machine.
    """
    loopback = host == "localhost" or host.startswith("127.") or host == "::1"
    if not loopback and "allow_anonymous false" not in access.splitlines():
        raise ConfigurationError(
            "address of the broker",
            value=host,
            legal="a loopback address, as long as everybody may connect",
            cure="`postmine broker-config` writes one that knows its senders",
        )
    saving = _SNAPSHOTS
    if journal is not None:
        asked = "file" if "acl_file" in access else "all"
        saving = _JOURNAL.format(
            plugin=journal.resolve(), folder=folder, sync_ms=sync_ms, asked=asked
        )
    return _MOSQUITTO.format(port=port, host=host, folder=folder, access=access, saving=saving)


def weakness_of(said: Iterable[Text]) -> str:
    """Return what a kill of a broker can cost, and why, in one sentence."""
    return ": ".join(str(each) for each in said)


def _journal_of(mosquitto: str) -> tuple[Path | None, tuple[Text, ...]]:
    """Return the plugin, or what its absence can cost."""
    try:
        return build_journal(mosquitto), ()
    except NoJournal as error:
        said = (KILLED, error.reason)
        log.warning("broker_without_journal", weakness=weakness_of(said))
        return None, said


def find_mosquitto() -> str | None:
    """Return the path of mosquitto; Debian puts it where ordinary users have no PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port(wish: int = 0) -> int:
    """Return `wish` when nothing listens there on loopback, else a free port."""
    for candidate in dict.fromkeys((wish, 0)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", candidate))
                port: int = probe.getsockname()[1]
                return port
    raise ServiceError("no free port on loopback")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
