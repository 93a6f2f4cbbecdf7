import sys


def count_in_step(heights, distance):
    pairs = 0
    for i in range(len(heights)):
        for j in range(i + 1, len(heights)):
            if abs(heights[i] - heights[j]) <= distance:
                pairs += 1
    return pairs


def main():
    numbers = [int(word) for word in sys.stdin.read().split()]
    count, distance = numbers[0], numbers[1]
    print(count_in_step(numbers[2:2 + count], distance))


main()
