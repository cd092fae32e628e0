"""What a browser does with the page of a node, without a browser: sessions, tickets, and raw requests for the attacks."""
import contextlib
import http.client
import json
import re
import socket


def split(endpoint):
    host, port = endpoint.rsplit(":", 1)
    return host.strip("[]"), int(port)


class Page:
    """One visitor of the page at `endpoint` ("127.0.0.1:7480")."""

    def __init__(self, endpoint):
        self.endpoint, self.origin = endpoint, "http://" + endpoint
        self.cookie, self.key = "", ""

    def log_in(self, party):
        """As `satchel open` lets a browser in."""
        url = party.must("open").one()["url"]
        token = re.fullmatch(re.escape(self.origin) + r"/#token=([0-9a-f]{64})", url)[1]
        status, headers, body = self.ask("POST", "/api/session", {"token": token})
        assert status == 200, (status, body)
        self.cookie = headers["Set-Cookie"].split(";")[0]
        self.key = json.loads(body)["key"]
        return headers["Set-Cookie"]

    def headers(self, **changed):
        """Those that a browser sends; None leaves one out."""
        all_of_them = {"Cookie": self.cookie or None, "X-Satchel-Key": self.key or None, "Origin": self.origin}
        all_of_them.update({name.replace("_", "-"): value for name, value in changed.items()})
        return {name: value for name, value in all_of_them.items() if value is not None}

    def ask(self, method, path, body=None, **changed):
        host, port = split(self.endpoint)
        connection = http.client.HTTPConnection(host, port, timeout=60)
        headers = self.headers(**changed)
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if method == "POST":
            headers.setdefault("Content-Type", "application/json")
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content

    def get(self, path):
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def post(self, path, body=None):
        status, _, answer = self.ask("POST", path, {} if body is None else body)
        assert status == 200, (path, status, answer)
        return json.loads(answer)

    @contextlib.contextmanager
    def events(self):
        """What the node tells, one by one."""
        connection = http.client.HTTPConnection(*split(self.endpoint), timeout=60)
        connection.request("GET", "/api/events", headers=self.headers())
        answer = connection.getresponse()
        assert answer.status == 200 and answer.headers["Content-Type"] == "text/event-stream"
        yield (json.loads(line[6:]) for line in answer if line.startswith(b"data: "))
        connection.close()

    def raw(self, request, timeout=30):
        """Bytes in, bytes out, until the other side closes or is silent."""
        with socket.create_connection(split(self.endpoint), timeout=timeout) as line:
            line.sendall(request)
            said = b""
            try:
                while more := line.recv(65536):
                    said += more
            except ConnectionResetError:
                pass
            return said
