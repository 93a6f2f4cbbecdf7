class Solution:
    def longestCalm(self, readings: List[int], limit: int) -> int:
        best = 0
        for start in range(len(readings)):
            low = high = readings[start]
            for end in range(start, len(readings)):
                low = min(low, readings[end])
                high = max(high, readings[end])
                if high - low > limit:
                    break
                best = max(best, end - start + 1)
        return best
