"""The bus over TLS, against a real RabbitMQ with a certificate of a CA that was made for this."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from common import errors
from common.bus.amqp import AmqpBus
from common.bus.contract import REPORTS, Outgoing
from common.settings import Bus
from tests.services.ports import free_ports
from tests.services.rabbitmq import RabbitMQ

HOST = "00000000-0000-4000-8000-0000000000aa"


def openssl(*words: str, folder: Path) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)


def authority(folder: Path, name: str) -> None:
    """Make a CA."""
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl("req", "-x509", *key, "-days", "1", "-subj", f"/CN={name}", folder=folder)


def certificate(folder: Path, name: str, alternative: str) -> None:
    """Make a certificate of the CA ``ca``."""
    request = ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl("req", *request, "-subj", f"/CN={name}", folder=folder)
    (folder / "names").write_text(f"subjectAltName={alternative}\n")
    made = ("-req", "-in", f"{name}.csr", "-out", f"{name}.pem", "-days", "1", "-extfile", "names")
    openssl("x509", *made, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", folder=folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    authority(folder, "ca")
    authority(folder, "another")
    certificate(folder, "server", "DNS:localhost")
    certificate(folder, "client", "DNS:client")
    return folder


@pytest.fixture(scope="module")
def port(files: Path) -> Iterator[int]:
    (number,) = free_ports(1)
    config = f"""\
listeners.ssl.1 = 127.0.0.1:{number}
ssl_options.cacertfile = HOME/ca.pem
ssl_options.certfile = HOME/server.pem
ssl_options.keyfile = HOME/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
"""
    node = RabbitMQ(config="")
    try:
        written = (node.home / "rabbitmq.conf").read_text()
        (node.home / "rabbitmq.conf").write_text(config.replace("HOME", str(node.home)) + written)
        for name in ("ca.pem", "server.pem", "server.key"):
            copy = Path(shutil.copy(files / name, node.home / name))
            copy.chmod(0o644)
        node.start()
        yield number
    finally:
        node.stop()


def bus(port: int, files: Path, ca: str = "ca", host: str = "localhost", client: str = "client") -> Bus:
    mine = {"tls_cert": str(files / f"{client}.pem"), "tls_key": str(files / f"{client}.key")} if client else {}
    return Bus(url=f"amqps://guest:guest@{host}:{port}//", tls_ca=str(files / f"{ca}.pem"), **mine)


def test_both_sides_prove_who_they_are(port: int, files: Path) -> None:
    made = AmqpBus(bus(port, files))
    made.declare()
    made.declare_host(HOST)
    publisher, consumer = made.publisher(), made.reports()
    try:
        assert publisher.publish([Outgoing(REPORTS, f"host.{HOST}.usage", b"{}")]) == []
        (delivery,) = consumer.receive(timeout=10.0)
        assert (delivery.body, delivery.user) == (b"{}", "guest")
    finally:
        publisher.close()
        consumer.close()


@pytest.mark.parametrize(
    "wrong",
    [{"ca": "another"}, {"host": "127.0.0.1"}, {"client": ""}],
    ids=["a broker of another CA", "a broker of another name", "no certificate of one's own"],
)
def test_who_cannot_is_not_spoken_to(port: int, files: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(errors.BusUnavailable):
        AmqpBus(bus(port, files, **wrong)).declare()
