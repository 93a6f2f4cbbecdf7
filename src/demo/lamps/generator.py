def generate_test_cases(num_cases: int, seed: int = 42) -> list[dict]:
    import random
    from bisect import bisect_right

    rng = random.Random(seed)

    def solve(heights, distance):
        ordered = sorted(heights)
        return sum(bisect_right(ordered, height + distance) - i - 1 for i, height in enumerate(ordered))

    cases = []
    for index in range(num_cases):
        kind = index % 4
        if kind == 3:
            count, top, distance = rng.randint(3000, 3200), 100000, rng.randint(0, 1000)
        elif kind == 2:
            count, top, distance = rng.randint(20, 60), 30, 0
        else:
            count, top, distance = rng.randint(1, 12), 40, rng.randint(0, 6)
        heights = [rng.randint(0, top) for _ in range(count)]
        cases.append({
            "input": f"{count} {distance}\n{' '.join(map(str, heights))}\n",
            "output": f"{solve(heights, distance)}\n",
        })
    return cases
