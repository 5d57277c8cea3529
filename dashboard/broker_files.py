"""The files of a mosquitto of one's own: configuration, passwords and who may write what."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from pathlib import Path

from ingest.broker import mosquitto_configuration
from ingest.errors import ServiceError
from ingest.message import TOPIC_ROOT
from ingest.site import Site

_ACCESS = """\
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access"""


def write_broker_files(site: Site, folder: Path, *, host: str, port: int) -> dict[str, str]:
    """Write mosquitto.conf, passwords, access and broker.env; return what was written.

    There are two users: `ingest` reads everything, `gateway` writes readings and status of the
    site. Their passwords are new each time and stand, readable by the owner only, in broker.env.

    Raises
    ------
    ServiceError
        When the folder cannot be written, or mosquitto_passwd is missing.
    """
    program = shutil.which("mosquitto_passwd")
    if program is None:
        raise ServiceError("mosquitto_passwd is not installed; on Debian: apt install mosquitto")
    folder = folder.resolve()
    try:
        (folder / "sessions").mkdir(parents=True, exist_ok=True)
        configuration = folder / "mosquitto.conf"
        configuration.write_text(
            mosquitto_configuration(
                port, folder / "sessions", host=host, access=_ACCESS.format(folder=folder)
            )
        )
        access = folder / "access"
        access.write_text(
            f"user ingest\ntopic read postmine/#\n\n"
            f"user gateway\ntopic write {TOPIC_ROOT}/{site.name}/+/readings\n"
            f"topic write {TOPIC_ROOT}/{site.name}/+/status\n"
        )
        passwords = folder / "passwords"
        passwords.touch(0o600)
        passwords.chmod(0o600)
        given = {user: secrets.token_urlsafe(24) for user in ("ingest", "gateway")}
        passwords.write_text("".join(f"{user}:{word}\n" for user, word in given.items()))
        # Hashes the file in place, so that no password stands on a command line.
        subprocess.run([program, "-U", str(passwords)], check=True, capture_output=True)
        environment = folder / "broker.env"
        environment.touch(0o600)
        environment.chmod(0o600)
        environment.write_text(
            f"POSTMINE_MQTT_URL=mqtt://ingest:{given['ingest']}@{host}:{port}\n"
            f"GATEWAY_USER=gateway\nGATEWAY_PASSWORD={given['gateway']}\n"
        )
    except OSError as error:
        raise ServiceError(f"folder {folder} cannot be written: {error}") from error
    except subprocess.CalledProcessError as error:
        raise ServiceError(f"mosquitto_passwd failed: {error.stderr.decode().strip()}") from error
    return {
        "configuration": str(configuration),
        "passwords": str(passwords),
        "access": str(access),
        "environment": str(environment),
        "start": f"mosquitto -c {configuration}",
    }
