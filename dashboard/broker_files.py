"""The files of a mosquitto of one's own: configuration, passwords, TLS and who may write what."""

from __future__ import annotations

import ipaddress
import secrets
import shutil
import subprocess
from pathlib import Path

from ingest.broker import KILLED, find_mosquitto, mosquitto_configuration, weakness_of
from ingest.broker_journal import NoJournal, build_journal
from ingest.decoder import decoders
from ingest.errors import ConfigurationError, ServiceError
from ingest.message import TOPIC_ROOT
from ingest.site import Gateway, Site

_ACCESS = """\
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access"""
_TLS = """
certfile {certificate}
keyfile {key}
tls_version tlsv1.2"""
#: The gateway of a site whose file names none.
_ONLY = {"gateway": Gateway()}
_OWN = "postmine_v1"
#: A self-signed certificate is made anew with the passwords; this is long enough to forget it.
_DAYS = 3650


def write_broker_files(
    site: Site,
    folder: Path,
    *,
    host: str,
    port: int,
    certificate: Path | None = None,
    key: Path | None = None,
    self_signed: bool = False,
) -> dict[str, str]:
    """Write mosquitto.conf, passwords, access and broker.env; return what was written.

    The broker journal is built into the folder, where that can be done; else `weakness` says what
    its absence can cost. `ingest` reads everything; each gateway of the site's file (`gateway`
    where it names none) is a user that writes its own topics and reads nothing. Passwords are new
    each time and stand, readable by the owner only, in broker.env.

    Parameters
    ----------
    certificate, key
        PEM files of the broker, for TLS.
    self_signed
        Make them, by openssl.

    Raises
    ------
    ConfigurationError
        When only one of certificate and key is given, or a file is missing, or a gateway is named
        `ingest`.
    ServiceError
        When the folder cannot be written, or mosquitto_passwd or openssl is missing.
    """
    gateways = site.gateways or _ONLY
    if "ingest" in gateways:
        raise ConfigurationError("key gateways.ingest", legal="another name: ingest is the reader")
    _check_pair(certificate, key, self_signed)
    program = shutil.which("mosquitto_passwd")
    if program is None:
        raise ServiceError("mosquitto_passwd is not installed; on Debian: apt install mosquitto")
    folder = folder.resolve()
    try:
        (folder / "sessions").mkdir(parents=True, exist_ok=True)
        access_lines, scheme = _ACCESS.format(folder=folder), "mqtt"
        if self_signed:
            certificate, key = _self_signed(folder, host)
        if certificate and key:
            scheme = "mqtts"
            access_lines += _TLS.format(certificate=certificate.resolve(), key=key.resolve())
        configuration = folder / "mosquitto.conf"
        journal, weakness = _journal(folder)
        configuration.write_text(
            mosquitto_configuration(
                port, folder / "sessions", host=host, access=access_lines, journal=journal
            )
        )
        access = folder / "access"
        access.write_text(access_list(site))
        given = {user: secrets.token_urlsafe(24) for user in ("ingest", *gateways)}
        passwords = _secret_file(
            folder / "passwords", "".join(f"{user}:{word}\n" for user, word in given.items())
        )
        # Hashes the file in place, so that no password stands on a command line.
        subprocess.run([program, "-U", str(passwords)], check=True, capture_output=True)
        lines = [f"POSTMINE_MQTT_URL={scheme}://ingest:{given['ingest']}@{_reach(host)}:{port}"]
        if self_signed:
            lines.append(f"SSL_CERT_FILE={certificate}")
        for name in gateways:
            prefix = "GATEWAY" if name == "gateway" else f"GATEWAY_{name.upper().replace('-', '_')}"
            lines += [f"{prefix}_USER={name}", f"{prefix}_PASSWORD={given[name]}"]
        environment = _secret_file(folder / "broker.env", "\n".join(lines) + "\n")
    except OSError as error:
        raise ServiceError(f"folder {folder} cannot be written: {error}") from error
    except subprocess.CalledProcessError as error:
        raise ServiceError(f"{error.cmd[0]} failed: {error.stderr.decode().strip()}") from error
    return {
        "configuration": str(configuration),
        "passwords": str(passwords),
        "access": str(access),
        "environment": str(environment),
        "gateways": ", ".join(gateways),
        "start": f"mosquitto -c {configuration}",
        **({"certificate": str(certificate)} if certificate else {}),
        **({"journal": str(journal)} if journal else {"weakness": weakness}),
    }


def _journal(folder: Path) -> tuple[Path | None, str]:
    """Build the broker journal; without it, return what that can cost."""
    try:
        return build_journal(find_mosquitto() or "mosquitto", folder), ""
    except NoJournal as error:
        return None, weakness_of((KILLED, error.reason))


def access_list(site: Site) -> str:
    """Return the lines of mosquitto's acl_file: who may read and write which topics."""
    family = decoders()
    reads, writes = [f"{TOPIC_ROOT.partition('/')[0]}/#"], []
    users = []
    for name, gateway in (site.gateways or _ONLY).items():
        if gateway.dialect == _OWN:
            speaks_for = gateway.instruments or ("+",)
            topics = [f"{TOPIC_ROOT}/{site.name}/{each}/readings" for each in speaks_for]
            # Of itself and its instruments, but not of another gateway.
            senders = dict.fromkeys((name, *gateway.instruments)) if gateway.instruments else ("+",)
            topics += [f"{TOPIC_ROOT}/{site.name}/{each}/status" for each in senders]
        else:
            topics = list(gateway.topics or family[gateway.dialect].topics)
            reads += topics
            topics.append(f"{TOPIC_ROOT}/{site.name}/{name}/status")
        if gateway.dialect == "sparkplug_b":  # a request for a new birth
            writes.append("spBv1.0/+/NCMD/+")
        users.append((name, topics, gateway.dialect == "sparkplug_b"))
    lines = ["user ingest", *(f"topic read {each}" for each in dict.fromkeys(reads))]
    lines += [f"topic write {each}" for each in dict.fromkeys(writes)]
    for name, topics, listens in users:
        lines += ["", f"user {name}", *(f"topic write {each}" for each in topics)]
        if listens:
            lines.append("topic read spBv1.0/+/NCMD/+")
    return "\n".join(lines) + "\n"


def _check_pair(certificate: Path | None, key: Path | None, self_signed: bool) -> None:
    if self_signed and (certificate or key):
        raise ConfigurationError("--self-signed", legal="without --tls-cert and --tls-key")
    if (certificate is None) != (key is None):
        raise ConfigurationError("--tls-cert and --tls-key", legal="both or neither")
    for option, path in (("--tls-cert", certificate), ("--tls-key", key)):
        if path is not None and not path.is_file():
            raise ConfigurationError(option, value=str(path), legal="a PEM file that exists")


def _secret_file(path: Path, text: str) -> Path:
    path.touch(0o600)
    path.chmod(0o600)
    path.write_text(text)
    return path


def _self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    """Make a certificate for the address and for this machine, and its key."""
    program = shutil.which("openssl")
    if program is None:
        raise ServiceError("openssl is not installed: give --tls-cert and --tls-key instead")
    certificate, key = folder / "broker.crt", _secret_file(folder / "broker.key", "")
    names = ["DNS:localhost", "IP:127.0.0.1"]
    try:
        address = ipaddress.ip_address(host)
        if not address.is_unspecified:
            names.append(f"IP:{address}")
    except ValueError:
        names.append(f"DNS:{host}")
    alternatives = ",".join(dict.fromkeys(names))
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", str(_DAYS), "-subj", f"/CN={_reach(host)[:64]}"]
    command += ["-addext", f"subjectAltName={alternatives}"]
    command += ["-addext", "keyUsage=critical,digitalSignature,keyCertSign"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    key.chmod(0o600)
    return certificate, key


def _reach(host: str) -> str:
    """Return where this machine reaches a listener on `host`."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host
