import os
changed = []
for path in (__file__, os.path.join(os.path.dirname(__file__), "new.py"), "/usr/lib/x", "/bin/x", "/etc/x", "/x", "/dev/x"):
    try:
        with open(path, "a") as file:
            file.write("#\n")
        changed.append(path)
    except OSError:
        pass
for path in (__file__, "/usr", "/dev/null"):
    try:
        os.chmod(path, 0o777)
        changed.append("mode of " + path)
    except OSError:
        pass
print("changed " + " ".join(changed) if changed else "answer")
