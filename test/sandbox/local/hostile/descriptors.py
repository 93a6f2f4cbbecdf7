import os
open_ones = []
for fd in range(3, 4096):
    try:
        os.fstat(fd)
        open_ones.append(fd)
    except OSError:
        pass
names = sorted(name for name in os.environ if name not in ("PATH", "HOME", "LANG", "TMPDIR", "LC_CTYPE", "PWD", "SHLVL", "_") and not name.startswith("PYTHON"))
print("inherited", open_ones, names) if open_ones or names else print("answer")
