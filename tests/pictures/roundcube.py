"""Roundcube on loopback, with PHP's own web server, SQLite and no Apache; and a door to it for a browser that can't log in."""
import http.cookiejar
import http.server
import os
import re
import shutil
import sqlite3
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

from mail_stack import PASSWORD, listens
from ports import free_ports
from screen import until

CONFIG = """<?php
$config['db_dsnw'] = 'sqlite:///{folder}/roundcube.db?mode=0640';
$config['imap_host'] = '127.0.0.1:{imap}';
$config['smtp_host'] = '127.0.0.1:{imap}';
$config['des_key'] = 'not-a-secret-in-a-test-1';
$config['plugins'] = [];
$config['skin'] = 'elastic';
$config['language'] = 'en_GB';
$config['log_dir'] = $config['temp_dir'] = '{folder}';
$config['use_https'] = false;
"""


class Roundcube:
    def __init__(self, folder, imap_port, user):
        self.folder = os.path.join(folder, "roundcube")
        os.mkdir(self.folder)
        shutil.copy("/etc/roundcube/defaults.inc.php", self.folder)
        with open(os.path.join(self.folder, "config.inc.php"), "w") as file:
            file.write(CONFIG.format(folder=self.folder, imap=imap_port))
        with open("/usr/share/roundcube/SQL/sqlite.initial.sql") as schema:
            sqlite3.connect(os.path.join(self.folder, "roundcube.db")).executescript(schema.read())
        self.port, door = free_ports(2)
        self.php = subprocess.Popen(["php", "-S", f"127.0.0.1:{self.port}", "-t", "/var/lib/roundcube/public_html"],
                                    env=dict(os.environ, ROUNDCUBE_CONFIG_DIR=self.folder, PHP_CLI_SERVER_WORKERS="4"),
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        until(lambda: listens(self.port), "PHP")
        self.cookies = self.log_in(user)
        self.door = http.server.ThreadingHTTPServer(("127.0.0.1", door), self.visitor())
        threading.Thread(target=self.door.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{door}/"

    def log_in(self, user):
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        page = browser.open(f"http://127.0.0.1:{self.port}/?_task=login", timeout=60).read().decode()
        form = {"_task": "login", "_action": "login", "_user": user, "_pass": PASSWORD,
                "_token": re.search(r'name="_token" value="([^"]+)"', page)[1]}
        page = browser.open(f"http://127.0.0.1:{self.port}/?_task=login", urllib.parse.urlencode(form).encode(), timeout=60).read()
        assert b"_task=logout" in page, page[:2000]
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)

    def visitor(self):
        port, cookies = self.port, self.cookies

        class Visitor(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                request = urllib.request.Request(f"http://127.0.0.1:{port}{self.path}", headers={"Cookie": cookies})
                try:
                    with urllib.request.urlopen(request, timeout=60) as answer:
                        code, kind, body = answer.status, answer.headers.get("Content-Type", ""), answer.read()
                except urllib.error.HTTPError as refused:
                    code, kind, body = refused.code, "text/plain", b""
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        return Visitor

    def close(self):
        self.door.shutdown()
        os.killpg(self.php.pid, 15)  # its workers, too
        self.php.wait()
