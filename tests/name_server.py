"""A real DNS server on loopback that answers as it is told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SILENCE, FAILURE = "silence", "failure"  # instead of records: no answer at all, or SERVFAIL


@contextlib.contextmanager
def name_server(zone: Mapping[str, list[str] | str]) -> Iterator[str]:
    """`127.0.0.1:port` of a server with these TXT records, each written as in a zone file."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        done = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, zone, done), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def _serve(server: socket.socket, zone: Mapping[str, list[str] | str], done: threading.Event) -> None:
    while not done.is_set():
        with contextlib.suppress(TimeoutError, dns.exception.DNSException):
            wire, client = server.recvfrom(4096)
            query = dns.message.from_wire(wire)
            name = query.question[0].name.to_text(omit_final_dot=True).lower()
            records = zone.get(name)
            if records != SILENCE:
                server.sendto(_answer(query, records).to_wire(), client)


def _answer(query: dns.message.Message, records: list[str] | str | None) -> dns.message.Message:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if records is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif records == FAILURE:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif records:
        response.answer.append(dns.rrset.from_text_list(query.question[0].name, 60, "IN", "TXT", list(records)))
    return response
