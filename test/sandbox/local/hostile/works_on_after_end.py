# The program ends, a child of it writes on.
import os, time
os.write(1, b"answer\n")
if os.fork() != 0:
    os._exit(0)
time.sleep(0.3)
while True:
    os.write(1, b"more\n")
    time.sleep(0.01)
