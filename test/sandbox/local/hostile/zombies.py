import os, time
for _ in range(100):
    if os.fork() == 0:
        os._exit(0)
time.sleep(0.1)
print("answer")
