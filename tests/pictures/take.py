"""Takes the pictures of a placeholder mail in Thunderbird, mutt and Roundcube that docs/user.md shows. By hand, as root, when the
placeholder or a mail program changes; then look at them:

    apt-get install --no-install-recommends thunderbird mutt xvfb xterm x11-utils imagemagick fonts-dejavu-core \\
        roundcube-core roundcube-sqlite3 php-cli php-sqlite3 chromium
    SATCHEL=build/src/programs/satchel python3 tests/pictures/take.py [FOLDER]

The mail is a real one: from submission through Postfix, the gateway and Dovecot. FOLDER is docs/, if not given."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "docs"))
os.environ["SATCHEL"] = os.path.abspath(os.environ["SATCHEL"])

from world import ROOT, World  # noqa: E402

from roundcube import Roundcube  # noqa: E402
from screen import Screen  # noqa: E402

BYTES_MAX = 150_000
FILES = {"film of Sunday.mp4": "14 MB", "picture one.jpg": "4 MB", "Übersicht.pdf": "2 MB"}
MUTTRC = """set folder={folder} spoolfile={folder} mbox_type=Maildir wait_key=no mail_check=0
ignore *
unignore from to subject date
hdr_order from to subject date
"""
# No account but an empty mailbox of its own, no questions at the first start, and no way out.
THUNDERBIRD = {
    "mail.provider.suppress_dialog_on_startup": True, "mail.spotlight.firstRunDone": True, "mail.winsearch.firstRunDone": True,
    "mail.shell.checkDefaultClient": False, "mail.rights.version": 1, "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore", "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "app.donation.eoy.version.viewed": 999, "app.update.enabled": False, "mailnews.attachments.display.start_expanded": True,
    "mail.account.account1.server": "server1", "mail.accountmanager.accounts": "account1",
    "mail.accountmanager.localfoldersserver": "server1", "mail.server.server1.directory-rel": "[ProfD]Mail/Local Folders",
    "mail.server.server1.hostname": "Local Folders", "mail.server.server1.name": "Local Folders",
    "mail.server.server1.type": "none", "mail.server.server1.userName": "nobody", "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9, "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,
}


def placeholder_mail(world):
    """bob enrolls, alice writes to him; the mail as it lies in his mailbox."""
    def run(party, text, in_background=False):
        code, said = world.run(party, text, in_background)
        assert code in (0, None), (text, said)
        return said

    run("mail", "satchel init")
    run("mail", "satchel domain init b.test")
    for side in ("outbound", "inbound"):
        world.write("mail", "satchel.toml", world.stack.example(side, "satchel.toml").splitlines())
    run("mail", "satchel gateway &", True)
    key = re.search(r"node key +(\S+)", run("mail", "satchel id"))[1]
    world.publish(run("mail", f"satchel domain dns b.test --gateway mail.b.test:7473 --gateway-key {key} --dht mail.b.test:7475"))
    run("bob", "satchel init --address bob@b.test")
    run("bob", "satchel node &", True)
    run("bob", "satchel enroll bob@b.test")
    code = re.search(rb"--code (\S+)", world.newest_mail("bob@b.test"))[1].decode()
    run("bob", f"satchel enroll bob@b.test --code {code}")
    world.send("alice@b.test", ["bob@b.test"], FILES)
    mail = world.newest_mail("bob@b.test")
    assert mail.count(b"\nReference: satchel:1:") == len(FILES), mail
    return mail


def thunderbird(mail, folder, target):
    profile = os.path.join(folder, "thunderbird")
    os.makedirs(profile)
    with open(os.path.join(profile, "user.js"), "w") as file:
        for name, value in THUNDERBIRD.items():
            text = str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
            file.write(f'user_pref("{name}", {text});\n')
    path = os.path.join(folder, "mail.eml")
    with open(path, "wb") as file:
        file.write(mail)
    screen = Screen(1000, 800, folder)
    try:
        screen.run("thunderbird", "--profile", profile, "--no-remote", path)
        screen.shoot(target, screen.window("The pictures of Sunday"))
    finally:
        screen.close()


def mutt(mail, folder, target):
    """The message above, and its list of attachments below."""
    box = os.path.join(folder, "maildir")
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(box, name))
    with open(os.path.join(box, "new", "1.x"), "wb") as file:
        file.write(mail.replace(b"\r\n", b"\n"))
    muttrc = os.path.join(folder, "muttrc")
    with open(muttrc, "w") as file:
        file.write(MUTTRC.format(folder=box))
    screen = Screen(892, 900, folder)
    try:
        for rows, y, keys in ((43, 0, "<enter>"), (9, 741, "<view-attachments>")):
            screen.run("xterm", "-fa", "DejaVu Sans Mono", "-fs", "10", "-geometry", f"110x{rows}+0+{y}", "-b", "5", "-bg", "black",
                       "-fg", "white", "-e", "mutt", "-n", "-F", muttrc, "-e", f"push {keys}")
        screen.shoot(target)
    finally:
        screen.close()


def roundcube(world, folder, target):
    server = Roundcube(folder, world.stack.ports["imap"], "bob@b.test")
    screen = Screen(1100, 720, folder)
    try:
        screen.run("chromium", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-background-networking", "--kiosk",
                   "--window-position=0,0", "--window-size=1100,720", f"--user-data-dir={folder}/chromium",
                   f"{server.url}?_task=mail&_mbox=INBOX&_uid=2&_action=show")
        screen.window("The pictures of Sunday")
        screen.shoot(target)
    finally:
        screen.close()
        server.close()


def main():
    target = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "docs")
    world = World(["alice", "bob"])
    try:
        world.start()
        mail = placeholder_mail(world)
        folder = os.path.join(world.folder, "pictures")
        os.mkdir(folder)
        for take, what in ((mutt, mail), (roundcube, world), (thunderbird, mail)):
            path = os.path.join(target, take.__name__ + ".png")
            take(what, folder, path)
            print(f"{path}: {os.path.getsize(path)} bytes", flush=True)
            assert os.path.getsize(path) <= BYTES_MAX, f"{path} is over {BYTES_MAX} bytes"
    finally:
        world.close()


if __name__ == "__main__":
    main()
