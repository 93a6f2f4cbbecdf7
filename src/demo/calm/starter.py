class Solution:
    def longestCalm(self, readings: List[int], limit: int) -> int:
        
