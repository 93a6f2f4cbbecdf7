import os, signal
child = os.fork()
if child == 0:
    while True:
        signal.pause()
try:
    os.kill(-1, signal.SIGKILL)
except OSError:
    pass
print("answer")
