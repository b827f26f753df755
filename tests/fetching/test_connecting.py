import socket

import httpcore
import httpx
import pytest

from askoctober.errors import CorpusError
from askoctober.fetching.connecting import Network, is_public

from .site import Clock, Site, getter_for


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("64:ff9b::5db8:d822", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("192.0.2.1", False),
        ("::1", False),
        ("::", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_host_with_one_private_address_is_refused() -> None:
    network = Network(resolve=lambda host, port: ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(CorpusError, match="leads into a private network"):
        network.connect_tcp("example.org", 80)


@pytest.mark.parametrize("address", ["http://127.0.0.1/", "http://2130706433/", "http://localhost/", "http://[::1]/"])
def test_this_machine_is_refused_by_any_name(address: str, clock: Clock) -> None:
    names = {"2130706433": ["127.0.0.1"], "localhost": ["127.0.0.1"]}
    with (
        getter_for(clock, private=False, resolve=lambda host, port: names.get(host, [host])) as getter,
        pytest.raises(CorpusError, match="leads into a private network"),
    ):
        getter.get(httpx.URL(address))


def test_the_address_that_was_checked_is_the_one_connected_to(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers with a public address first and a private one afterwards."""
    asked, connected = [], []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"] if len(asked) % 2 else ["127.0.0.1"]

    def connect(self: object, host: str, *how: object, **more: object) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("not here")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    network = Network(resolve=resolve)
    with pytest.raises(httpcore.ConnectError):
        network.connect_tcp("rebind.example", 80)
    assert (asked, connected) == (["rebind.example"], ["93.184.216.34"])
    with pytest.raises(CorpusError, match="private network"):
        network.connect_tcp("rebind.example", 80)
    assert connected == ["93.184.216.34"]


def test_the_name_stays_in_the_request(site: Site, clock: Clock) -> None:
    site.page("/a", "text")
    with getter_for(clock, resolve=lambda host, port: ["127.0.0.1"]) as getter:
        page = getter.get(httpx.URL(f"http://name.example:{site.port}/a"))
    assert page.body == b"text"
    assert site.asked[-1][1]["host"] == f"name.example:{site.port}"


def test_unknown_hosts_are_told_at_once(clock: Clock) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with getter_for(clock, resolve=resolve) as getter, pytest.raises(CorpusError, match="a host that is not known"):
        getter.get(httpx.URL("http://nowhere.example/"))
    assert clock.slept == []
