import os, time
if os.fork() == 0:
    time.sleep(987654)
print("answer")
