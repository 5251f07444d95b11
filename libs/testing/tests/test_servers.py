"""Each real server answers, dies, and comes back on the same port with the data that it had acknowledged."""

import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pika
import pika.exceptions
import psycopg
import pymysql
import pytest
import redis

from signet_testing.free_ports import LOOPBACK, free_port, free_ports
from signet_testing.mariadb import MariaDbServer
from signet_testing.nginx import NginxServer
from signet_testing.postgresql import PostgreSqlServer
from signet_testing.process import ServerFailed
from signet_testing.rabbitmq import RabbitMqServer
from signet_testing.redis import RedisServer
from signet_testing.server import Server

NGINX_CONFIGURATION = """
daemon off;
pid nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "here"; }} }}
}}
"""


def test_rabbitmq_keeps_a_confirmed_message_through_a_kill(rabbitmq: RabbitMqServer) -> None:
    """The chaos tests kill the broker and count what was confirmed."""
    url = rabbitmq.create_vhost()
    publish(url, "kept", b"confirmed")
    rabbitmq.settle()
    crash(rabbitmq)
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        _, _, body = connection.channel().basic_get("kept", auto_ack=True)
    assert body == b"confirmed"


def test_rabbitmq_virtual_hosts_do_not_see_each_other(rabbitmq: RabbitMqServer) -> None:
    """Tests that use the same queue names must not meet."""
    publish(rabbitmq.create_vhost(), "mine", b"x")
    with (
        pika.BlockingConnection(pika.URLParameters(rabbitmq.create_vhost())) as connection,
        pytest.raises(pika.exceptions.ChannelClosedByBroker),
    ):
        connection.channel().queue_declare("mine", passive=True)


def test_rabbitmq_user_is_limited_to_its_topics(rabbitmq: RabbitMqServer) -> None:
    """Services are kept from speaking in each other's name, which the tests must be able to set up."""
    vhost = rabbitmq.create_vhost().rsplit("/", 1)[-1]
    rabbitmq.add_user("speaker", "password", configure="^events$", write="^events$", vhost=vhost)
    rabbitmq.limit_topics("speaker", "events", write=r"^resources\.", read="^$", vhost=vhost)
    parameters = pika.URLParameters(rabbitmq.url_of("speaker", "password", vhost))
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.exchange_declare("events", "topic")
        channel.basic_publish("events", "resources.demo.insert", b"")
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="ACCESS_REFUSED"):
            channel.basic_publish("events", "identity.user.insert", b"")


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_database_keeps_a_committed_row_through_a_kill(kind: str, request: pytest.FixtureRequest) -> None:
    """What a test proves about a crash must not be an effect of how the server was started."""
    server: MariaDbServer | PostgreSqlServer = request.getfixturevalue(kind)
    url = server.create_database()
    run(url, "CREATE TABLE kept (id INT PRIMARY KEY)")
    run(url, "INSERT INTO kept VALUES (7)")
    crash(server)
    assert run(url, "SELECT id FROM kept") == [(7,)]
    server.stop()
    server.start()
    assert run(url, "SELECT id FROM kept") == [(7,)]


@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_database_is_dropped_while_somebody_is_still_connected(kind: str, request: pytest.FixtureRequest) -> None:
    """A test that forgets a connection must not hang the run."""
    server: MariaDbServer | PostgreSqlServer = request.getfixturevalue(kind)
    url = server.create_database()
    with closing(connect(url)) as left_open:
        left_open.cursor().execute("CREATE TABLE kept (id INT PRIMARY KEY)")
        server.drop_database(url)
    with pytest.raises((pymysql.OperationalError, psycopg.OperationalError)):
        run(url, "SELECT 1")


def test_redis_keeps_a_write_through_a_kill(redis_server: RedisServer) -> None:
    """The nonce store relies on it."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("kept", "yes")
        crash(redis_server)
        assert client.get("kept") == b"yes"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_nginx_serves_its_configuration(nginx_factory: Callable[[str, int], NginxServer]) -> None:
    """One factory serves any configuration that a test renders."""
    port = free_port()
    server = nginx_factory(NGINX_CONFIGURATION.format(port=port), port)
    with urllib.request.urlopen(server.url, timeout=5) as answer:
        assert answer.read() == b"here"


def test_server_that_cannot_start_says_why(nginx_factory: Callable[[str, int], NginxServer]) -> None:
    """The end of the server's log stands in the error, since its folder is gone by then."""
    with pytest.raises(ServerFailed, match="unknown directive"):
        nginx_factory("nonsense on;", free_port())


def test_database_url_is_an_empty_database(database_url: str) -> None:
    """Every adapter's suite runs on all three engines through this one fixture."""
    run(database_url, "CREATE TABLE only_mine (id INT PRIMARY KEY)")
    assert run(database_url, "SELECT id FROM only_mine") == []


def test_free_ports_differ() -> None:
    """A server with three ports would otherwise fail once in a while."""
    assert len(set(free_ports(50))) == 50


def crash(server: Server) -> None:
    """Kill and start again, so that the next test finds it running even when the assertion after this fails."""
    server.kill()
    assert not server.running
    server.start()


def publish(url: str, queue: str, body: bytes) -> None:
    """Publish one persistent message to a durable quorum queue and wait for the confirm."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue, durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2), mandatory=True)


def connect(url: str) -> Any:
    """A DB-API connection in autocommit mode for any of the URLs."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite3.connect(parts.path[1:], isolation_level=None)
    if parts.scheme == "mysql+pymysql":
        return pymysql.connect(
            host=LOOPBACK,
            port=parts.port or 0,
            user=parts.username,
            password=parts.password or "",
            database=parts.path[1:],
            autocommit=True,
        )
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    """The rows of one statement, each a tuple."""
    with closing(connect(url)) as connection:
        cursor = connection.cursor()
        cursor.execute(statement)
        return [] if cursor.description is None else [tuple(row) for row in cursor.fetchall()]
