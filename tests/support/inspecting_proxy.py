#!/usr/bin/env python3
"""A proxy that wants a password and looks into TLS, with an authority of its own (mitmproxy, which must be installed).

  inspecting_proxy.py ADDRESS --user NAME:PASSWORD --folder FOLDER [--trust FILE]

FOLDER gets the authority's certificate (mitmproxy-ca-cert.pem) and a line per request (asked): its path. Servers
are checked by the certificates in --trust. Prints its port, then runs until its stdin closes.
"""
import argparse
import asyncio
import sys

from mitmproxy import options
from mitmproxy.tools.dump import DumpMaster


class Notes:
    def __init__(self, path):
        self.path = path
        open(path, "a", encoding="utf-8").close()

    def request(self, flow):
        with open(self.path, "a", encoding="utf-8") as lines:
            lines.write(flow.request.path + "\n")


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--user", required=True)
    parser.add_argument("--folder", required=True)
    parser.add_argument("--trust")
    said = parser.parse_args()
    master = DumpMaster(options.Options(listen_host=said.address, listen_port=0, confdir=said.folder),
                        with_termlog=False, with_dumper=False)
    master.options.update(proxyauth=said.user, ssl_verify_upstream_trusted_ca=said.trust)
    master.addons.add(Notes(said.folder + "/asked"))
    running = asyncio.create_task(master.run())
    while not (addresses := master.addons.get("proxyserver").listen_addrs()):
        await asyncio.sleep(0.05)
    print(addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    master.shutdown()
    await running


asyncio.run(main())
