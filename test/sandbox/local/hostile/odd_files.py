# Output places that are links or pipes lead nowhere, and stop nobody.
import os
os.symlink("/etc/passwd", "/tmp/stdout")
os.symlink("/proc/1/fd/1", "/tmp/out")
os.mkfifo("/tmp/fifo")
os.mkdir("/tmp/closed")
os.chmod("/tmp/closed", 0)
try:
    os.chmod("/tmp", 0)
except OSError:
    pass
print("answer")
