def generate_test_cases(num_cases: int, seed: int = 42) -> list[dict]:
    import json
    import random
    from collections import deque

    rng = random.Random(seed)

    def solve(readings, limit):
        lows, highs, start, best = deque(), deque(), 0, 0
        for end, value in enumerate(readings):
            while lows and readings[lows[-1]] >= value:
                lows.pop()
            while highs and readings[highs[-1]] <= value:
                highs.pop()
            lows.append(end)
            highs.append(end)
            while readings[highs[0]] - readings[lows[0]] > limit:
                start += 1
                if lows[0] < start:
                    lows.popleft()
                if highs[0] < start:
                    highs.popleft()
            best = max(best, end - start + 1)
        return best

    cases = []
    for index in range(num_cases):
        if index % 4 == 3:
            count, limit, step = rng.randint(800, 900), 900, 12
        else:
            count, limit, step = rng.randint(1, 30), rng.randint(0, 20), 9
        value = rng.randint(2000, 3000)
        readings = []
        for _ in range(count):
            value = max(0, value + rng.randint(-step, step))
            readings.append(value)
        cases.append({
            "input": f"{json.dumps(readings)}\n{limit}\n",
            "output": f"{solve(readings, limit)}\n",
        })
    return cases
