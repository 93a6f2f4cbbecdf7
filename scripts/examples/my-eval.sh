#!/bin/sh
# An evaluator of one's own, as a command: configure  evaluator: "command:./my-eval.sh".
#
# It reads one JSON object {code, language, instance, limits} from standard input and prints one JSON object
# {passed, pass_rate, metrics, feedback}. This one measures the length of a Python program that passes its tests.
# It runs the program as it is: use it for code that you trust, or call your own sandbox here.
exec python3 -c '
import json, subprocess, sys

request = json.load(sys.stdin)
tests = request["instance"]["generated_tests"]
limit_s = (request["limits"]["time_limit_ms"] or 10_000) / 1000
right = 0
for test in tests:
    try:
        run = subprocess.run([sys.executable, "-I", "-c", request["code"]], input=test["input"], text=True,
                             capture_output=True, timeout=limit_s)
        right += run.returncode == 0 and run.stdout.split() == test["output"].split()
    except subprocess.TimeoutExpired:
        pass
size = len(request["code"].encode())
print(json.dumps({
    "passed": right == len(tests),
    "pass_rate": right / len(tests),
    "metrics": {"code_bytes": size},
    "feedback": f"The program has {size} bytes; fewer are better.",
}))
'
