#!/usr/bin/env python3
"""A real sshd on loopback for the user that runs the tests, and a program `ssh` that knows it by name.

  ssh_server.py FOLDER [LINE OF SSHD_CONFIG…]

makes in FOLDER keys, configurations and bin/ssh, which is this host's ssh with the configuration of FOLDER: its host
`engine` is the sshd; `stranger` is the same with a host key that nobody knows, `nobody` the same without a key to log
in. Prints "ready" once sshd listens, then runs until its stdin closes.
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

folder, more = sys.argv[1], sys.argv[2:]


def path(name):
    return os.path.join(folder, name)


def write(name, text, mode=0o600):
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path(name), mode)


def key(name):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path(name)], check=True)
    with open(path(name + ".pub"), encoding="utf-8") as file:
        return file.read()


os.makedirs(path("bin"))
host_key, user_key = key("host"), key("user")
key("other")
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
write("authorized", user_key)
write("known", f"[127.0.0.1]:{port} {host_key}")
write("nobody_known", "")
write("sshd_config", "\n".join([
    f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {path('host')}", f"AuthorizedKeysFile {path('authorized')}",
    "StrictModes no", "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PidFile none",
    *more, ""]))


def host(name, user, known):
    return (f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {path(user)}\n  IdentitiesOnly yes\n"
            f"  IdentityAgent none\n  UserKnownHostsFile {path(known)}\n  GlobalKnownHostsFile /dev/null\n")


write("ssh_config",
      host("engine", "user", "known") + host("stranger", "user", "nobody_known") + host("nobody", "other", "known"))
write("bin/ssh", f"#!/bin/sh\nexec {shutil.which('ssh')} -F {path('ssh_config')} \"$@\"\n", 0o755)
if os.geteuid() == 0:
    os.makedirs("/run/sshd", exist_ok=True)  # which Debian's service makes at its start


def end_with_us():
    """However this program ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-E", path("sshd.log"), "-f", path("sshd_config")],
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                        preexec_fn=end_with_us)
for _ in range(200):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        break
    except OSError:
        time.sleep(0.05)
else:
    sys.exit("sshd did not start")
print("ready", flush=True)
sys.stdin.read()
sshd.terminate()
