# Files in memory that nobody maps.
block = b"x" * (1 << 20)
for place in ("/dev/shm/a", "/tmp/a", "/dev/shm/b", "/tmp/b", "/dev/shm/c", "/tmp/c"):
    with open(place, "wb") as file:
        for _ in range(60):
            file.write(block)
            file.flush()
import time
time.sleep(30)
