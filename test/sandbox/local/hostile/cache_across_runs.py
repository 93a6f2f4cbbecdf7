import ctypes, os
libc = ctypes.CDLL(None)
found = []
for place in {"/tmp", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue", os.getcwd(), os.path.expanduser("~")}:
    path = os.path.join(place, "cache")
    if os.path.exists(path):
        found.append(path)
    try:
        open(path, "w").close()
    except OSError:
        pass
if libc.shmget(4242, 4096, 0) >= 0:
    found.append("segment")
libc.shmget(4242, 4096, 0o1666)
if libc.semget(4242, 1, 0) >= 0:
    found.append("semaphores")
libc.semget(4242, 1, 0o1666)
if libc.msgget(4242, 0) >= 0:
    found.append("queue")
libc.msgget(4242, 0o1666)
print("found " + " ".join(found) if found else "answer")
