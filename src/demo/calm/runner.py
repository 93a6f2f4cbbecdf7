import sys
import json

# ==Code Submission==

def main():
    lines = sys.stdin.read().split("\n")
    readings = json.loads(lines[0])
    limit = int(lines[1])
    print(Solution().longestCalm(readings, limit))


main()
