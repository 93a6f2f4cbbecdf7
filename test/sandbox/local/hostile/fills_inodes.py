import os
for number in range(10**9):
    os.close(os.open(f"/tmp/{number}", os.O_CREAT | os.O_WRONLY))
