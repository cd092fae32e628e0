"""A private Postfix and Dovecot on loopback, set up from examples/postfix with free ports. Needs root, as Postfix does."""
import imaplib
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile

from lab import until
from ports import free_ports

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "postfix")
PASSWORD = "secret"
OWNER = 20001  # of the mailboxes: a number that needs no entry in /etc/passwd
# Port in the examples: what listens there.
EXAMPLE_PORTS = {"587": "submission", "10025": "gateway_smtp", "10026": "reinject", "10024": "gateway_lmtp",
                 "10023": "dovecot_lmtp"}

BASE_MAIN = """compatibility_level = 3.6
queue_directory = {spool}
data_directory = {folder}/data
config_directory = {folder}/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = mx.b.test
mydomain = b.test
myorigin = b.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:no local delivery
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = b.test, c.test
virtual_mailbox_maps = texthash:{folder}/postfix/users
virtual_transport = lmtp:inet:127.0.0.1:{dovecot_lmtp}
default_transport = error:5.7.1 no mail leaves this test
relay_transport = error:5.7.1 no mail leaves this test
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
recipient_delimiter = +
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
"""
BASE_MASTER = """127.0.0.1:{mx} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
BASE_DOVECOT = """base_dir = {folder}/run
state_dir = {folder}/state
instance_name = satchel-test-{mx}
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
log_path = {folder}/dovecot.log
mail_location = maildir:~/Maildir
first_valid_uid = 1000
auth_mechanisms = plain login
postmaster_address = postmaster@b.test
hostname = dovecot.b.test
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%Lu {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%Lu {folder}/users
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
  chroot =
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class MailStack:
    """Postfix and Dovecot with mailboxes for the addresses given. `inbound`: mailboxes are reached through the gateway."""

    def __init__(self, addresses, inbound=False):
        if os.geteuid() != 0:
            raise RuntimeError("the mail servers' tests need root, as Postfix does")
        self.addresses, self.inbound = addresses, inbound
        self.folder = tempfile.mkdtemp(prefix="satchel-mail-", dir="/tmp")  # short: sockets live there
        self.spool = os.path.join(self.folder, "spool")
        names = ["mx", "imap", *EXAMPLE_PORTS.values()]
        self.ports = dict(zip(names, free_ports(len(names))))
        self.dovecot_master = self.postfix_master = None
        self.write_files()

    def example(self, *path):
        """A file of the examples, with this stack's ports and folders."""
        with open(os.path.join(EXAMPLES, *path)) as file:
            text = file.read()
        text = re.sub(r"(?<=[:= ])(587|1002[3-6])\b", lambda m: str(self.ports[EXAMPLE_PORTS[m[1]]]), text)
        return text.replace("/var/spool/postfix", self.spool)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def write_files(self):
        for name in ("spool", "data", "postfix", "run", "state", "boxes"):
            os.mkdir(os.path.join(self.folder, name))
        os.chmod(self.folder, 0o755)
        shutil.chown(os.path.join(self.folder, "data"), "postfix")
        os.chown(os.path.join(self.folder, "boxes"), OWNER, OWNER)
        words = dict(self.ports, folder=self.folder, spool=self.spool)
        main = BASE_MAIN.format(**words) + self.example("outbound", "main.cf")
        if self.inbound:
            main = re.sub(r"(?m)^virtual_transport.*\n", "", main) + self.example("inbound", "main.cf")
        # Came to Postfix 3.7 with a patch level: one without it does not know it, and says so at every start.
        if not subprocess.run(["postconf", "-d", "smtpd_forbid_bare_newline"], capture_output=True).stdout:
            main = re.sub(r"(?m)^smtpd_forbid_bare_newline.*\n", "", main)
        self.write("postfix/main.cf", main)
        self.write("postfix/master.cf", BASE_MASTER.format(**words) + self.example("outbound", "master.cf"))
        self.write("postfix/users", "".join(f"{address} OK\n" for address in self.addresses))
        self.write("postfix/dynamicmaps.cf", "")
        for name in ("postfix-script", "post-install", "postfix-files"):
            if os.path.exists(f"/etc/postfix/{name}"):
                shutil.copy(f"/etc/postfix/{name}", os.path.join(self.folder, "postfix"))
        self.write("users", "".join(f"{address}:{{PLAIN}}{PASSWORD}:{OWNER}:{OWNER}::{self.folder}/boxes/{address}::\n"
                                    for address in self.addresses))
        self.write("dovecot.conf", BASE_DOVECOT.format(**words) + self.example("inbound", "dovecot.conf"))

    def command(self, *words):
        # To a file: the daemon inherits it, and a pipe would not end before the daemon does.
        path = os.path.join(self.folder, "start.log")
        with open(path, "ab") as log:
            code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=60).returncode
        if code != 0:
            raise AssertionError((words, code, self.logs()))

    def master_of(self, path):
        """The number a server writes down once it is there, which may be after its command came back."""
        path = os.path.join(self.folder, path)

        def number():
            if not os.path.exists(path):
                return None
            with open(path) as file:
                return int(file.read().strip() or 0)
        return until(number, path)

    def start(self):
        try:
            self.launch_postfix()
            self.start_dovecot()
            self.await_postfix()
        except BaseException:
            self.close()
            raise
        return self

    def start_postfix(self):
        self.launch_postfix()
        self.await_postfix()

    def launch_postfix(self):
        self.command("postfix", "-c", f"{self.folder}/postfix", "start")
        self.postfix_master = self.master_of("spool/pid/master.pid")

    def await_postfix(self):
        # Whoever connects to submission before Dovecot answers makes smtpd die, and Postfix then waits a minute with the next.
        until(lambda: os.path.exists(f"{self.spool}/private/auth"), "Dovecot's socket for Postfix")
        for name in ("mx", "submission", "reinject"):
            until(lambda: listens(self.ports[name]), f"Postfix's {name} port")

    def start_dovecot(self):
        self.command("dovecot", "-c", f"{self.folder}/dovecot.conf")
        self.dovecot_master = self.master_of("run/master.pid")
        for name in ("imap", "dovecot_lmtp"):
            until(lambda: listens(self.ports[name]), f"Dovecot's {name} port")

    def end(self, master):
        """Ends a server by its own number, and waits until it is gone."""
        if master is None:
            return
        os.kill(master, signal.SIGTERM)
        until(lambda: not os.path.exists(f"/proc/{master}") or
                   open(f"/proc/{master}/stat").read().rsplit(") ", 1)[1][0] == "Z", f"the end of {master}")

    def stop_postfix(self):
        master, self.postfix_master = self.postfix_master, None
        self.end(master)

    def stop_dovecot(self):
        master, self.dovecot_master = self.dovecot_master, None
        self.end(master)
        until(lambda: not listens(self.ports["dovecot_lmtp"]), "Dovecot's port to close")

    def close(self):
        for stop in (self.stop_postfix, self.stop_dovecot):
            try:
                stop()
            except (OSError, AssertionError):
                pass  # its own folder goes in any case
        shutil.rmtree(self.folder, ignore_errors=True)

    def logs(self):
        texts = []
        for name in ("start.log", "postfix.log", "dovecot.log"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, errors="replace") as file:
                    texts.append(f"--- {name}\n{file.read()[-4000:]}")
        return "".join(texts)

    def submit(self, raw, sender, recipients, port="submission"):
        with smtplib.SMTP("127.0.0.1", self.ports[port], timeout=60) as client:
            if port == "submission":
                client.login(self.addresses[0], PASSWORD)
            return client.sendmail(sender, recipients, raw)

    def mails(self, address):
        """All mails of a mailbox, as IMAP gives them."""
        with imaplib.IMAP4("127.0.0.1", self.ports["imap"], timeout=60) as client:
            client.login(address, PASSWORD)
            client.select("INBOX", readonly=True)
            _, found = client.search(None, "ALL")
            if not found[0]:
                return []
            _, fetched = client.fetch(found[0].replace(b" ", b",").decode(), "(BODY.PEEK[])")
            return [item[1] for item in fetched if isinstance(item, tuple)]

    def await_mails(self, address, count=1, seconds=60):
        def enough():
            mails = self.mails(address)
            return mails if len(mails) >= count else None
        return until(enough, f"{count} mails for {address}; {self.logs()}", seconds)

    def flush(self):
        """Makes Postfix try everything now: its own patience is not what is tested."""
        self.command("postqueue", "-c", f"{self.folder}/postfix", "-f")

    def waiting(self):
        """Messages in Postfix's queues."""
        return sum(len(files) for name in ("maildrop", "incoming", "active", "deferred", "hold")
                   for _, _, files in os.walk(os.path.join(self.spool, name)))
