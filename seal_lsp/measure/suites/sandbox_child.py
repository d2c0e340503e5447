"""Runs inside the sandbox, in two steps, with any Python from 3.8 on; the standard library only, nothing of seal_lsp.

`fence FOLDER RUNNER...`: put this process into namespaces of its own (user, network, IPC, mounts; only FOLDER stays
writable), then become RUNNER, which by that loses every capability. `run`: read one JSON object on stdin, lower the
limits, install the audit hook, run the program, and write one JSON verdict. See sandbox.py for what this keeps off.
"""

import ctypes
import json
import os
import sys

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x40000000
MS_REMOUNT_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, RDONLY = 442, -100, 0x8000, 1
LAYERS = "SEAL_SANDBOX_LAYERS"

REFUSED = (
    "socket.", "subprocess.", "os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "pty.",
    "ctypes.", "signal.pthread_kill", "sys.addaudithook", "webbrowser.", "os.setxattr", "os.chown", "os.chmod",
    "syslog.", "resource.setrlimit",
)  # fmt: skip
CHANGES_FILES = {
    "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.mkdir": 1, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "os.utime": 1, "shutil.rmtree": 1, "shutil.move": 2, "shutil.copyfile": 2, "os.mknod": 1, "os.mkfifo": 1,
}  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def fence(folder):
    """The layers that this kernel and this user allow; each that fails is left out, and the verdict says so."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS) != 0:
        return []
    # mapped to an ordinary number: what is executed next has no capability, not even in its own namespaces
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {user} 1"), ("gid_map", f"1000 {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    except OSError:
        return ["network namespace"]
    place = os.fsencode(folder)

    def attributes(path, flags, set_, clear):
        change = MountAttributes(set_, clear, 0, 0)
        return libc.syscall(MOUNT_SETATTR, AT_FDCWD, path, flags, ctypes.byref(change), ctypes.sizeof(change))

    done = (
        libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
        and libc.mount(place, place, None, MS_REMOUNT_BIND, None) == 0
        and attributes(b"/", AT_RECURSIVE, RDONLY, 0) == 0
        and attributes(place, 0, 0, RDONLY) == 0
    )
    os.chdir(folder)  # the folder as it is mounted now, not as it was
    return ["network namespace", "read-only mounts"] if done else ["network namespace"]


def limit(task):
    """Resource limits: they hold whatever the program does (processes: not for root, there only the hook does)."""
    import resource
    import signal

    signal.setitimer(signal.ITIMER_REAL, task["seconds"])  # its default action ends the process
    seconds = int(task["seconds"]) + 1
    for name, value in (
        ("RLIMIT_CPU", seconds), ("RLIMIT_AS", task["memory"]), ("RLIMIT_FSIZE", task["file_bytes"]),
        ("RLIMIT_NOFILE", task["files"]), ("RLIMIT_NPROC", task["processes"]), ("RLIMIT_CORE", 0),
    ):  # fmt: skip
        kind = getattr(resource, name, None)
        if kind is not None:
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))


def hook(folder):
    """Refuses networking, other processes, native calls and every change to a file outside `folder`."""
    inside = os.path.realpath(folder) + os.sep
    realpath, fsdecode, refused, changes, writing = os.path.realpath, os.fsdecode, REFUSED, CHANGES_FILES, WRITING
    null = os.devnull

    def outside(path):
        return not isinstance(path, int) and path != null and not (realpath(fsdecode(path)) + os.sep).startswith(inside)

    def audit(event, arguments):
        if event.startswith(refused):
            raise PermissionError("the sandbox refuses " + event)
        if event == "open":
            path, mode, flags = arguments
            writes = flags & writing if isinstance(flags, int) else set(mode or "") & set("wax+")
            if writes and path is not None and outside(path):
                raise PermissionError("the sandbox refuses to write " + str(path))
        elif event in changes and any(outside(path) for path in arguments[: changes[event]]):
            raise PermissionError("the sandbox refuses " + event)

    sys.addaudithook(audit)


def run():
    """Exit status is always 0 unless something killed it: the verdict is what was written, or that nothing was."""
    task = json.loads(sys.stdin.read())
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdin.close()
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    sys.stdin = open(os.devnull)  # noqa: SIM115 - `input()` finds an end of file
    sys.path[:0] = task["path"]
    layers = [name for name in os.environ.pop(LAYERS, "").split(",") if name]
    verdict = {"passed": False, "error": "", "layers": [*layers, "resource limits", "audit hook"]}
    try:
        limit(task)
        for module in task["preload"]:
            try:
                __import__(module.rstrip("?"))
            except ImportError:
                if not module.endswith("?"):
                    raise
        hook(os.getcwd())
        namespace = {"__name__": "__sandbox__", "__builtins__": __builtins__}
        exec(compile(task["program"], "<program>", "exec"), namespace)
        if task["tests"]:
            tests = [v for k, v in list(namespace.items()) if k.startswith(task["tests"]) and callable(v)]
            if not tests:
                raise AssertionError("the program defines no test")
            for test in tests:
                test()
        verdict["passed"] = True
    except MemoryError:
        verdict["error"] = "MemoryError"
    except BaseException as error:  # SystemExit too: a program that leaves has not passed
        verdict["error"] = (type(error).__name__ + ": " + str(error))[:500]
    json.dump(verdict, answer)
    answer.flush()
    os._exit(0)  # no exit handler of the program runs


if __name__ == "__main__":
    if sys.argv[1] == "fence":
        os.environ[LAYERS] = ",".join(fence(sys.argv[2]))
        os.execv(sys.argv[3], sys.argv[3:])
    run()
