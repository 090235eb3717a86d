"""A registry on a node's loopback (Debian's docker-registry), and an image in it that is made by hand.

The image is one layer and two documents, put there by the registry's own HTTP interface, without docker.
"""

from hosts.host import Host
from hosts.place import LabError

ADDRESS = "127.0.0.1:5000"
NAME = "tools/cow"
INSTALL = """
command -v docker-registry >/dev/null || {
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends docker-registry
}
cat >/etc/docker/registry/config.yml <<'END'
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}}
http: {addr: "127.0.0.1:5000"}
END
systemctl restart docker-registry
ask='import socket; socket.create_connection(("127.0.0.1", 5000))'
for _ in $(seq 50); do python3 -c "$ask" 2>/dev/null && exit 0; sleep 0.2; done
exit 1
"""
# As root of a node: a shell, id and cat of its own, one of them set-uid, as a layer of an image.
PUSH = """
import gzip, hashlib, io, json, os, re, subprocess, sys, tarfile, urllib.request
address, name, word = sys.argv[1:]
raw = io.BytesIO()
with tarfile.open(fileobj=raw, mode="w") as tar:
    def add(info, content=None):
        info.mtime = 0
        tar.addfile(info, None if content is None else io.BytesIO(content))
    known = set()
    def folder(path):
        parent = os.path.dirname(path)
        if parent and parent not in known:
            folder(parent)
        if path not in known:
            known.add(path)
            info = tarfile.TarInfo(path)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            add(info)
    def put(path, content, mode):
        folder(os.path.dirname(path))
        if path in known:
            return
        known.add(path)
        info = tarfile.TarInfo(path)
        info.size, info.mode = len(content), mode
        add(info, content)
    for path in ("usr/bin", "usr/lib", "usr/lib64", "tmp", "proc", "sys", "dev", "etc"):
        folder(path)
    for link in ("bin", "lib", "lib64"):
        info = tarfile.TarInfo(link)
        info.type, info.linkname = tarfile.SYMTYPE, f"usr/{link}"
        add(info)
    for program in ("sh", "id", "cat"):
        source = f"/usr/bin/{program}"
        put(f"usr/bin/{program}", open(source, "rb").read(), 0o4755 if program == "id" else 0o755)
        said = subprocess.run(["ldd", source], capture_output=True, text=True).stdout
        for library in re.findall(r"(/lib[^ ]*)", said):
            put("usr" + library.removeprefix("/usr"), open(library, "rb").read(), 0o755)
    put("etc/word", word.encode(), 0o644)
layer = gzip.compress(raw.getvalue(), mtime=0)
digest = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sh"]},
    "rootfs": {"type": "layers", "diff_ids": [digest(raw.getvalue())]}}).encode()
kinds = "application/vnd.docker."
manifest = json.dumps({"schemaVersion": 2, "mediaType": kinds + "distribution.manifest.v2+json",
    "config": {"mediaType": kinds + "container.image.v1+json", "size": len(config), "digest": digest(config)},
    "layers": [{"mediaType": kinds + "image.rootfs.diff.tar.gzip", "size": len(layer), "digest": digest(layer)}],
}).encode()
def ask(method, path, data=b"", kind="application/octet-stream"):
    where = path if path.startswith("http") else f"http://{address}/v2/{name}/{path}"
    return urllib.request.urlopen(urllib.request.Request(where, data, {"Content-Type": kind}, method=method))
for blob in (layer, config):
    place = ask("POST", "blobs/uploads/").headers["Location"]
    place = place if place.startswith("http") else f"http://{address}{place}"
    ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest(blob)}", blob)
ask("PUT", f"manifests/{digest(manifest)}", manifest, kinds + "distribution.manifest.v2+json")
print(digest(manifest))
"""


class LoopbackRegistry:
    """The registries of some nodes, each with the same image: a job may run on either."""

    def __init__(self, nodes: list[Host]) -> None:
        self.nodes = nodes
        for node in nodes:
            done = node.run("sh", "-c", INSTALL, timeout=300)
            if done.returncode:
                raise LabError(f"No registry on {node.name}: {done.stdout}{done.stderr}")

    def push(self, word: str) -> str:
        """An image that holds this word in /etc/word; its reference."""
        found = set()
        for node in self.nodes:
            done = node.run("python3", "-c", PUSH, ADDRESS, NAME, word, timeout=120)
            if done.returncode:
                raise LabError(f"Nothing was put into the registry of {node.name}: {done.stderr}")
            found.add(done.stdout.strip())
        if len(found) != 1:
            raise LabError(f"The nodes' images differ: {found}")
        return f"{ADDRESS}/{NAME}@{found.pop()}"

    def damage(self, reference: str) -> None:
        """Have the registries answer other bytes under the same digest."""
        digest = reference.partition("@")[2].removeprefix("sha256:")
        path = f"/var/lib/docker-registry/docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data"
        change = "import sys; open(sys.argv[1], 'a').write(' ')"
        for node in self.nodes:
            done = node.run("python3", "-c", change, path)
            if done.returncode:
                raise LabError(f"{path} of {node.name}: {done.stderr}")
