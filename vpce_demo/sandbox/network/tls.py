"""The certificates of the sandbox's internet, by an authority that its instances trust.

The authority is the process's, and nothing is made before the first handshake."""

from __future__ import annotations

import os
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from vpce_demo.sandbox.network.names import AWS, HOSTS, aws_name

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

VALID = timedelta(days=3650)
MOST_NAMES = 64
"""Of how many names the certificates are kept."""


def server_context() -> ssl.SSLContext:
    """For a server: its certificate is for the name that the client asks for, if AWS has it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = _choose
    return context


@cache
def client_context(verifies: bool) -> ssl.SSLContext:
    """For a client that trusts the authority, or, if it does not verify, anybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if verifies:
        context.load_verify_locations(cadata=_pem(_authority()[0]).decode())
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
    connection.context = _context_for(_names_of((name or "").lower()))


@lru_cache(MOST_NAMES)
def _context_for(names: tuple[str, ...]) -> ssl.SSLContext:
    issuer, issuer_key = _authority()
    certificate, key = _certify(names, issuer.subject, issuer_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    number, path = tempfile.mkstemp()  # OpenSSL takes them from a file only
    try:
        with os.fdopen(number, "wb") as file:
            file.write(_pem(key) + _pem(certificate))
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    return context


@cache
def _authority() -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    return _certify(())


def _names_of(name: str) -> tuple[str, ...]:
    """The names in the certificate that a client gets who asks for this one: the service's own and one label before it,
    so that, as on AWS, none is for a bucket with a dot in its name; an endpoint's names whole."""
    of_aws = aws_name(name)
    if name in HOSTS or (of_aws and of_aws.is_of_endpoint):
        return (name,)
    return (of_aws.zone, f"*.{of_aws.zone}") if of_aws else (AWS,)


def _certify(
    names: tuple[str, ...], issuer: x509.Name | None = None, issuer_key: EllipticCurvePrivateKey | None = None
) -> tuple[x509.Certificate, EllipticCurvePrivateKey]:
    """A new key and its certificate: for these names by this issuer, or without them an authority's own."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    title = names[0] if names else "vpce-demo sandbox"
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, title[:64])])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer or subject, subject, key.public_key(), x509.random_serial_number(), now - VALID, now + VALID
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), False)
    return builder.sign(issuer_key or key, hashes.SHA256()), key


def _pem(made: x509.Certificate | EllipticCurvePrivateKey) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if isinstance(made, x509.Certificate):
        return made.public_bytes(Encoding.PEM)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
