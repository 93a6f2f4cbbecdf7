import os
block = b"x" * (1 << 20)
written = 0
try:
    for number in range(100):
        with open(f"/tmp/{number}", "wb", buffering=0) as file:
            for _ in range(40):
                written += file.write(block)
except OSError as error:
    print("stopped", error.errno)
