"""The command line: help with an example, exit codes, JSON keys, and what wrong usage is told."""
import json
import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import unittest

from lab import LOOPBACK, PROGRAM, Lab

VERBS = [["init"], ["id"], ["node"], ["enroll"], ["publish"], ["unpublish"], ["lookup"], ["gateway"], ["send"], ["queue"], ["get"],
         ["push"], ["open"], ["ls"], ["rm"], ["status"], ["doctor"], ["contact", "add"], ["contact", "ls"], ["contact", "rm"], ["contact", "forget"], ["group", "add"],
         ["group", "ls"], ["group", "rm"], ["domain", "init"], ["domain", "dns"], ["domain", "bind"], ["domain", "revoke"], ["domain", "forget"],
         ["encrypt"],
         ["decrypt"], ["key", "export"], ["key", "import"]]
# What the program that is typed does itself: these ask the node alone.
LIGHT = {"enroll", "publish", "unpublish", "lookup", "push", "open", "ls", "rm", "status", "doctor"}


def verbs_with_example():
    """Each verb, and the words of the first command that its help shows."""
    def below(grammar, words):
        for verb in grammar["verbs"]:
            if verb["example"]:
                first = re.split(r"\s{6}|&&|[<>|]", verb["example"].strip().splitlines()[0])[0]
                yield words + [verb["name"]], shlex.split(first)
            yield from below(verb, words + [verb["name"]])
    return list(below(json.loads(subprocess.run([PROGRAM, "--grammar"], capture_output=True, check=True).stdout), []))


class CommandLine(Lab):
    def test_every_verb_has_help_with_an_example(self):
        for verb in VERBS:
            done = subprocess.run([PROGRAM, *verb, "--help"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, verb)
            self.assertIn("Example:\n  satchel " + " ".join(verb[:1]), done.stdout.replace("--set ", ""), verb) \
                if verb not in (["node"], ["gateway"]) else self.assertIn("Example:", done.stdout, verb)

    def test_half_an_installation_does_half_and_says_so(self):
        """What only asks the node is done by the program that is typed; the rest is the other half's."""
        alone = os.path.join(self.folder, "satchel")
        shutil.copy(PROGRAM, alone)
        for code, lines in ((0, ["--version"]), (64, ["push /dev/null b@b.test", "lookup b@"]), (66, ["push nowhere b@b.test"]),
                            (75, ["node", "idd", "push", "ls --help", "export x", "id", "push nowhere team", "push nowhere b@b.test team", "push nowhere b@bücher.test", "lookup b@bücher.test", ""])):
            for line in lines:
                done = subprocess.run([alone, "--home", os.path.join(self.folder, "half"), *line.split()], capture_output=True, text=True)
                self.assertEqual((done.returncode, "install Satchel again" in done.stderr), (code, code == 75), (line, done))
        done = subprocess.run([alone, "--json", "node"], capture_output=True, text=True)
        self.assertEqual(json.loads(done.stdout)["error"]["fault"], "timed_out")

    def test_what_the_program_that_is_typed_cant_read_the_other_one_can(self):
        alice = self.party("alice")
        alice.must("group", "add", "team", "b@bücher.test")
        for who in ("team", "b@bücher.test", "b@xn--bcher-kva.test"):
            answer = alice.run("push", "nowhere", who)
            self.assertEqual((answer.code, "nowhere: " in answer.error()["message"]), (66, True), (who, answer.out))
        for who in ("tean", "b@xn--a.test"):
            answer = alice.run("push", "nowhere", who)
            self.assertEqual((answer.code, who in answer.error()["message"]), (64, True), (who, answer.out))

    def test_each_verb_that_needs_little_is_done_by_the_program_that_is_typed(self):
        """One that it knows by a wrong name would be left to the other half, and only be slower."""
        alone, other, told = (os.path.join(self.folder, name) for name in ("satchel", "whole/satchel", "told"))
        shutil.copy(PROGRAM, alone)
        os.mkdir(os.path.dirname(other))
        with open(other, "w") as half:
            half.write(f"#!/bin/sh\necho \"$*\" >> {told}\nexit 99\n")
        os.chmod(other, 0o755)
        verbs = verbs_with_example()
        self.assertGreater(len(verbs), len(VERBS))
        for verb, words in verbs:
            self.assertIn(" ".join(verb), " ".join(words))
            typed = [*words[1:], "--home", os.path.join(self.folder, "_".join(verb))]  # no home: whoever does the verb says so
            open(told, "w").close()
            subprocess.run([alone, *typed], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            left = " ".join(typed) in open(told).read().splitlines()  # a node that it wants may be asked for, too
            self.assertEqual(left, verb[0] not in LIGHT, typed)

    def test_the_program_that_is_typed_loads_little(self):
        """Every command waits for its libraries: SQLite and libidn2 alone would take half as long again."""
        told = subprocess.run([PROGRAM], env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=True).stdout
        loaded = set(re.findall(r"^\s(lib[\w-]+)", told, re.M))
        self.assertIn("libc", loaded)
        self.assertLessEqual(loaded, {"libc", "libm"})

    def test_examples_of_help_are_taken(self):
        """They stand in the manual pages, too. What they need is mostly not there: but none is wrong usage."""
        bob = self.party("bob")
        keys = bob.must("init", "--address", "bob@b.test").one()
        bob.must("domain", "init", "b.test")
        with open(os.path.join(bob.home, "satchel.toml"), "a") as settings:
            settings.write('[node]\ncontrol_listen = "127.0.0.1:0"\nswarm_listen = "127.0.0.1:0"\ndht_listen = "127.0.0.1:0"\n[trust]\nresolver = "none"\n')
        where = os.path.join(self.folder, "where")
        os.mkdir(where)
        os.symlink(PROGRAM, os.path.join(where, "satchel"))
        for name in ("film.mov", "film.mov.age", "film.receipt", "message.eml", "placeholder.eml", "bob.binding", "bob.keys.age"):
            open(os.path.join(where, name), "w").write("x\n")
        filled = {"CONTENT_ID": "a" * 64, ":BYTES": ":1000", "USER_KEY": keys["user_key"], "AGE_RECIPIENT": keys["age_recipient"], "age1…": keys["age_recipient"]}
        environment = {**os.environ, "PATH": where + ":" + os.environ["PATH"], "SATCHEL_HOME": bob.home, "HOME": where, "SATCHEL_PASSPHRASE": "five words"}
        ran = 0
        for verb in VERBS:
            if verb in (["node"], ["gateway"]):
                continue  # they run on, and not on loopback; docs/ has them run
            told = subprocess.run([PROGRAM, *verb, "--help"], capture_output=True, text=True).stdout.partition("Example:\n")[2]
            for line in told.splitlines():
                command = line.strip().split("      ")[0]  # what it gives stands to the right
                for word, value in filled.items():
                    command = command.replace(word, value)
                if command:
                    done = subprocess.run(["bash", "-c", command], cwd=where, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                                          start_new_session=True)
                    self.assertNotIn(done.returncode, (126, 127), (command, done.stderr))
                    self.assertNotIn("--help`", done.stderr, command)  # so ends what the parser says of wrong usage
                    ran += 1
        self.assertGreaterEqual(ran, len(VERBS) - 2)

    def test_global_flags_go_before_and_after_the_verb(self):
        party = self.party("flags")
        before = subprocess.run([PROGRAM, "--home", party.home, "--json", "init"], capture_output=True)
        after = subprocess.run([PROGRAM, "id", "--json", "--home", party.home], capture_output=True)
        self.assertEqual((before.returncode, after.returncode), (0, 0))
        self.assertEqual(before.stdout, after.stdout)

    def test_keys_of_answers(self):
        bob = self.storage_user("bob")
        self.assertEqual(set(bob.must("id").one()), {"home", "addresses", "user_key", "age_recipient", "node_key"})
        self.assertEqual(set(bob.ready), {"event", "node_key", "control", "swarm", "dht", "web"})
        self.assertEqual(set(bob.must("publish", "--binding", bob.binding).one()), {"address", "seq", "expires", "trust"})
        looked_up = bob.must("lookup", "bob@b.test").one()
        self.assertEqual(set(looked_up), {"address", "dht_key", "slots", "storage", "trust", "available", "nodes",
                                          "reason", "alarm"})
        self.assertEqual(set(looked_up["nodes"][0]), {"node_key", "endpoints", "available", "reason"})
        self.assertEqual((looked_up["trust"], looked_up["nodes"][0]["node_key"]), ("domain", bob.keys["node_key"]))
        self.assertEqual(set(self.admin.must("domain", "dns", "b.test").one()), {"domain", "public_key", "name", "value",
                                                                                  "records"})
        self.assertLessEqual({"uploaded_bytes", "downloaded_bytes", "peers", "quota", "dht"},
                             set(bob.must("status").one()))
        for key in (bob.keys["user_key"], bob.keys["node_key"]):
            self.assertEqual(len(key), 44)

    def test_keys_go_to_a_second_device(self):
        bob, second = self.storage_user("bob"), self.party("second")
        secret = os.path.join(self.folder, "passphrase")
        with open(secret, "w") as file:
            file.write("correct horse\n")
        export = os.path.join(self.folder, "bob.keys.age")
        sealed = bob.must("encrypt", "--recipient", bob.keys["age_recipient"], input=b"only for bob",
                          json_output=False).out
        self.assertEqual(bob.must("key", "export", export, "--passphrase-file", secret).one(),
                         {"user_key": bob.keys["user_key"]})
        self.assertEqual(os.stat(export).st_mode & 0o777, 0o600)
        again = bob.run("key", "export", export, "--passphrase-file", secret)
        self.assertEqual((again.code, again.error()["fault"]), (bob.run("init").code, "refused"))
        with open(secret + ".wrong", "w") as file:
            file.write("wrong horse\n")
        wrong = second.run("key", "import", export, "--passphrase-file", secret + ".wrong")
        self.assertIn("not the passphrase", wrong.error()["message"])
        self.assertEqual(second.run("id").error()["fault"], "not_found")
        self.assertEqual(second.must("key", "import", export, "--passphrase-file", secret).one(),
                         {"user_key": bob.keys["user_key"]})
        keys = second.must("id").one()
        for same in ("addresses", "user_key", "age_recipient"):
            self.assertEqual(keys[same], bob.must("id").one()[same])
        self.assertNotEqual(keys["node_key"], bob.keys["node_key"])
        self.assertEqual(second.must("decrypt", input=sealed, json_output=False).out, b"only for bob")
        refused = second.run("key", "import", export, "--passphrase-file", secret)
        self.assertIn("has keys already", refused.error()["message"])
        second.must("key", "import", export, "--passphrase-file", secret, "--force")
        self.assertTrue(os.path.isdir(os.path.join(second.home, "keys.old-1")))

    def test_age_itself_opens_exported_keys_with_the_passphrase_typed(self):
        party = self.party("typed")
        party.must("init", "--address", "bob@b.test")
        export = os.path.join(self.folder, "keys.age")

        def typed(*command):
            """Runs a program on a terminal of its own and types the passphrase whenever it is asked."""
            pid, terminal = pty.fork()
            if pid == 0:
                os.execvp(command[0], command)
            shown = b""
            try:
                while part := os.read(terminal, 1000):
                    shown += part
                    if part.rstrip(b" ").endswith(b":"):
                        os.write(terminal, b"correct horse\n")
            except OSError:
                pass  # the other side has gone
            self.assertEqual(os.waitpid(pid, 0)[1], 0, shown)
            return shown
        shown = typed(PROGRAM, "--home", party.home, "key", "export", export)
        self.assertNotIn(b"correct horse", shown)
        opened = os.path.join(self.folder, "keys.txt")
        typed("age", "-d", "-o", opened, export)
        with open(opened) as file:
            self.assertIn("address bob@b.test", file.read().splitlines())

    def test_a_question_that_is_interrupted_leaves_the_terminal_as_it_was(self):
        party = self.party("interrupted")
        party.must("init")
        pid, terminal = pty.fork()
        if pid == 0:
            # Who runs the tests in the background ignores Ctrl-C, and would hand that on.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            # A shell, so that somebody keeps the terminal when the program has gone.
            os.execvp("sh", ["sh", "-c", 'trap : INT; "$@"; echo "ended by $?"; stty -a; read line', "sh", PROGRAM, "--home",
                             party.home, "key", "export", os.path.join(self.folder, "never.age")])
        shown = b""
        while b"rows" not in shown or b"echonl" not in shown:
            readable, _, _ = select.select([terminal], [], [], 30)
            self.assertTrue(readable, shown)
            shown += os.read(terminal, 1000)
            if shown.endswith(b"keys: "):
                os.write(terminal, b"half a passph\x03")
        os.write(terminal, b"\n")
        os.waitpid(pid, 0)
        self.assertIn(b"ended by 130", shown)
        self.assertRegex(shown, rb"[ \n]echo ")
        self.assertFalse(os.path.exists(os.path.join(self.folder, "never.age")))

    def test_lookup_tells_by_its_exit_code(self):
        bob = self.storage_user("bob")
        stranger = self.party("stranger")
        stranger.must("init")
        self.assertEqual(stranger.run("lookup", "bob@b.test", settings=self.joined).code, 0)
        self.assertEqual(stranger.run("lookup", "nobody@b.test", settings=self.joined).code, 67)
        self.assertEqual(stranger.run("lookup", "bob@b.test", settings=self.joined + ["trust.minimum=pinned"]).code, 77)
        stranger.must("contact", "add", "bob@b.test", bob.keys["user_key"])
        pinned = stranger.run("lookup", "bob@b.test", settings=self.joined + ["trust.minimum=pinned"])
        self.assertEqual((pinned.code, pinned.one()["trust"]), (0, "pinned"))
        bob.must("unpublish")
        self.assertEqual(bob.run("lookup", "bob@b.test").code, 67)

    def test_a_forged_claim_is_not_storage(self):
        self.storage_user("bob")
        mallory = self.party("mallory")
        keys = mallory.must("init", "--address", "bob@b.test").one()
        mallory.must("domain", "init", "b.test")
        binding = mallory.must("domain", "bind", "bob@b.test", keys["user_key"], keys["age_recipient"]).one()["binding"]
        mallory.serve("node", self.joined)
        mallory.must("publish", "--binding", binding)
        seen = self.admin.run("lookup", "bob@b.test", settings=self.joined)
        self.assertEqual(seen.code, 0)
        self.assertNotIn(keys["node_key"], [node["node_key"] for node in seen.one()["nodes"]])

    def test_wrong_usage_is_told_what_is_right(self):
        rows = [(["nonsense"], 64), (["lookup"], 64), (["lookup", "no-domain"], 64), (["domain", "bind", "a@b.test", "x", "y"], 64),
                (["get", "satchel:1:short"], 64), (["get", "no-such-file.eml"], 66), (["push", "no-such-file", "a@b.test"], 66)]
        for words, code in rows:
            answer = self.admin.run(*words, settings=LOOPBACK)
            self.assertEqual(answer.code, code, (words, answer.out))
            self.assertTrue(answer.error()["message"], words)
        unknown = self.admin.run("status", settings=["node.kwota=5"])
        self.assertEqual(unknown.code, 64, unknown.out)
        self.assertIn("kwota", unknown.error()["message"])

    def test_the_word_help_is_understood(self):
        for words, same in ((["help"], ["--help"]), (["help", "get"], ["get", "--help"]), (["help", "domain", "dns"], ["domain", "dns", "--help"])):
            said = self.admin.must(*words, json_output=False).out
            self.assertEqual(said, self.admin.must(*same, json_output=False).out)
            self.assertIn(b"Usage:", said)

    def test_what_could_not_be_said_is_a_failure(self):
        for json_output in (True, False):
            command = self.admin.command(json_output, LOOPBACK)
            asked = [["id"], ["domain", "dns", "b.test"], ["encrypt", "-r", self.admin.must("id").one()["age_recipient"]]]
            for words in asked + ([["ls"]] if json_output else []):
                with open("/dev/full", "wb") as full:
                    done = subprocess.run(command + words, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=60)
                self.assertIn(done.returncode, (73, 74), (words, done.stderr))
        # Who has read enough is no failure.
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(self.admin.command(False, LOOPBACK) + ["id"], stdout=writer, stderr=subprocess.PIPE, timeout=60)
        os.close(writer)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_a_bad_config_file_is_told_by_line(self):
        party = self.party("careless")
        party.must("init")
        open(os.path.join(party.home, "satchel.toml"), "w").write("[node]\nquota = \"5 GiB\"\nkwota = 5\n")
        answer = party.run("status")
        self.assertEqual(answer.code, 78, answer.out)
        self.assertIn("satchel.toml:3", answer.error()["message"])
        self.assertIn("quota", answer.error()["message"])

    def test_settings_of_a_running_node_stay_its_own(self):
        bob = self.storage_user("bob")
        answer = bob.run("status", settings=["node.quota=5 GiB"])
        self.assertEqual(answer.code, 64)
        self.assertIn("restart", answer.error()["message"])

    def test_age_both_ways(self):
        key = os.path.join(self.admin.home, "keys", "age.key")
        recipient = self.admin.must("id").one()["age_recipient"]
        plain = os.urandom(200_001)
        ours = self.admin.must("encrypt", "-r", recipient, input=plain).out
        self.assertEqual(subprocess.run(["age", "-d", "-i", key], input=ours, capture_output=True).stdout, plain)
        theirs = subprocess.run(["age", "-r", recipient], input=plain, capture_output=True).stdout
        self.assertEqual(self.admin.must("decrypt", "-i", key, input=theirs).out, plain)
        self.assertEqual(self.admin.must("decrypt", "-i", self.admin.home, input=theirs).out, plain)
        self.assertEqual(self.admin.run("decrypt", input=theirs[:-1], json_output=False).code, 65)
        self.assertEqual(self.boot.run("decrypt", input=theirs, json_output=False).code, 77)

    def test_each_recipient_of_a_push_is_told_at_once(self):
        alice = self.storage_user("alice")
        self.storage_user("bob")
        self.storage_user("carol", ["node.accept_from=anyone", "node.download_limit=1000000"])
        path = os.path.join(self.folder, "film.bin")
        with open(path, "wb") as file:
            file.write(os.urandom(3_000_000))
        push = subprocess.Popen(alice.command(False, []) + ["push", path, "carol@b.test", "nobody@b.test", "bob@b.test"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        self.addCleanup(push.kill)
        self.assertEqual(push.stdout.readline(), b"film.bin delivered to bob@b.test (direct)\n")
        self.assertIsNone(push.poll(), "the slow one is still served")
        out, err = push.communicate(timeout=60)
        self.assertEqual(push.returncode, 69)
        self.assertRegex(out.decode(), "^film.bin delivered to carol@b.test .direct.\nsatchel:1:[0-9a-f]{64}:[0-9]+\n$")
        self.assertIn(b"film.bin NOT delivered to nobody@b.test: ", err)

    def test_push_takes_files_alone(self):
        """What comes through a pipe has no size: it would go as an empty file."""
        alice, _ = self.storage_user("alice"), self.storage_user("bob")
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        for path, said in ((pipe, "is a pipe or a device"), ("/dev/null", "is a pipe or a device"), ("/dev/stdin", "is a pipe or a device"),
                           (self.folder, "is a folder")):
            answer = alice.run("push", path, "bob@b.test", input=b"words", timeout=20)
            self.assertEqual((answer.code, answer.error()["fault"]), (64, "usage"), path)
            self.assertIn(said, answer.error()["message"])
        empty = os.path.join(self.folder, "empty.txt")
        open(empty, "wb").close()
        alice.must("push", empty, "bob@b.test")


if __name__ == "__main__":
    unittest.main()
