import os
found = []
before = os.sched_getaffinity(0)
try:
    os.sched_setaffinity(0, range(os.cpu_count()))
except OSError:
    pass
if os.sched_getaffinity(0) != before:
    found.append("moved")
for call in (lambda: os.nice(-20), lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))):
    try:
        call()
        found.append("raised")
    except OSError:
        pass
print(" ".join(found) or "answer")
