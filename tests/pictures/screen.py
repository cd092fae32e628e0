"""A screen that nobody sees, and pictures of what is on it."""
import os
import select
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "journeys"))
from lab import until  # noqa: E402


class Screen:
    def __init__(self, width, height, folder):
        ours, theirs = os.pipe()
        self.xvfb = subprocess.Popen(["Xvfb", "-displayfd", str(theirs), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
                                     pass_fds=[theirs], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs)
        number = b""
        while not number.endswith(b"\n"):  # it ends itself where nobody reads the whole line
            if not select.select([ours], [], [], 30)[0] or not (more := os.read(ours, 16)):
                raise RuntimeError("Xvfb does not start")
            number += more
        os.close(ours)
        self.env = dict(os.environ, DISPLAY=":" + number.decode().strip(), HOME=folder, LANG="C.UTF-8", TZ="UTC")
        self.programs = []

    def run(self, *command):
        program = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.programs.append(program)
        return program

    def window(self, title):
        """The number of the window with this in its title; waits for it."""
        def found():
            tree = subprocess.run(["xwininfo", "-root", "-tree"], env=self.env, capture_output=True, text=True).stdout
            return next((line.split()[0] for line in tree.splitlines() if title in line.partition('"')[2].partition('":')[0]), None)
        return until(found, f"a window {title}", 120)

    def shoot(self, path, window="root"):
        """A picture, once what is shown no longer changes."""
        last = [None]

        def still():
            pixels = subprocess.run(["import", "-window", window, "ppm:-"], env=self.env, stdout=subprocess.PIPE, check=True).stdout
            same = pixels == last[0] and len(set(pixels[::997])) > 2  # not of a window that is still empty
            last[0] = pixels
            select.select([], [], [], 1.0)
            return same
        until(still, "a picture that stands still", 120)
        subprocess.run(["convert", "ppm:-", "-strip", "+dither", "-colors", "32", "-define", "png:compression-level=9", "-define",
                        "png:compression-filter=0", "PNG8:" + path], input=last[0], check=True)

    def close(self):
        for program in [*self.programs, self.xvfb]:
            program.terminate()
            try:
                program.wait(timeout=20)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
