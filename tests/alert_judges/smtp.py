"""Judges our e-mail by a real mail server on loopback: in clear, by STARTTLS and by TLS from the first byte.

Argument: the program.
"""

import datetime
import email
import email.policy
import ipaddress
import logging
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

program = sys.argv[1]
PASSWORD = "hunter2"
# What is refused on purpose below is no news.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
warnings.simplefilter("ignore")


def certificate(folder):
    """A certificate for loopback that vouches for itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert, private


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Sink:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):
        encrypted = server.transport.get_extra_info("sslcontext") is not None
        self.taken.append((encrypted, envelope))
        return "250 2.0.0 taken"


def log_in(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    # Not handled: the server is to say it.
    return AuthResult(success=good, handled=False)


def tell(folder, port, encryption, more=""):
    config = folder / "config.toml"
    config.write_text(
        f"""
        data_dir = "{folder}/data"
        [receivers.office]
        kind = "email"
        [receivers.office.settings]
        host = "127.0.0.1"
        port = {port}
        encryption = "{encryption}"
        from = "Performance alerts <alerts@example.gov.uk>"
        to = ["a@example.gov.uk", "B <b@example.gov.uk>"]
        {more}
        """
    )
    return subprocess.run(
        [program, "--config", config, "alerts", "test", "office"],
        env={**os.environ, "SMTP_PASSWORD": PASSWORD}, capture_output=True, text=True, check=False,
    )


def check(envelope):
    assert envelope.mail_from == "alerts@example.gov.uk", envelope.mail_from
    assert envelope.rcpt_tos == ["a@example.gov.uk", "b@example.gov.uk"], envelope.rcpt_tos
    mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert not mail.defects, mail.defects
    assert mail["Subject"].startswith("Test: Sample service: digital take-up fell"), mail["Subject"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.gov.uk>"), mail["Message-ID"]
    text, page = mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()
    assert "This is a test" in text and "This is a test" in page
    assert "£" not in text and "percentage points" in text


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    cert, private = certificate(folder)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(cert, private)
    login = f'ca_certificate = "{cert}"\nuser = "alerts"\npassword = {{ env = "SMTP_PASSWORD" }}'
    auth = {"authenticator": log_in, "auth_required": True}
    for encryption, more, server in [
        ("none", "", {}),
        ("starttls", login, {"tls_context": tls, "require_starttls": True, **auth}),
        ("implicit", login, {"ssl_context": tls, "auth_require_tls": False, **auth}),
    ]:
        sink = Sink()
        port = free_port()
        controller = Controller(sink, hostname="127.0.0.1", port=port, **server)
        controller.start()
        try:
            told = tell(folder, port, encryption, more)
            assert told.returncode == 0, told
            assert PASSWORD not in told.stdout + told.stderr
            [(encrypted, envelope)] = sink.taken
            assert encrypted == (encryption != "none"), encryption
            check(envelope)
            if encryption != "none":
                untrusted = tell(folder, port, encryption, more.split("\n", 1)[1])
                assert untrusted.returncode == 1, "a certificate nobody vouches for was taken"
                wrong = tell(folder, port, encryption, more.replace("SMTP_PASSWORD", "PATH"))
                assert wrong.returncode == 1 and "(auth)" in wrong.stdout, wrong
                assert len(sink.taken) == 1
        finally:
            controller.stop()
        print(f"SMTP, {encryption}: a real server takes the e-mail")
