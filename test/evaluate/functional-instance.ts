import type { Instance, Language } from "../../src/types.ts";

/**
 * A small functional problem made for these tests: the sum of the values that occur exactly once. Runners use names of
 * the benchmark's import block without importing them, as EffiBench-X's runners do.
 */
export const UNIQUE_SUM: Instance = {
  taskName: "test_1_unique-sum",
  id: "1",
  title: "Unique sum",
  description: "Return the sum of the values that occur exactly once.",
  type: "functional",
  tests: [
    { input: "1 2 2 3\n", output: "4" },
    { input: "5\n", output: "5" },
    { input: "7 7\n", output: "0" },
    { input: "-1 4 4 4 10\n", output: "9" },
  ],
  evaluatorSource:
    "def evaluate(expected_output, program_output):\n    return int(expected_output) == int(program_output)\n",
  generatorSource: null,
  starterCode: {},
  runners: {
    python3: `# ==Code Submission==

if __name__ == "__main__":
    values = [int(word) for word in sys.stdin.read().split()]
    print(Solution().uniqueSum(values))
`,
    cpp: `// ==Code Submission==

int main() {
    vector<int> values;
    int value;
    while (cin >> value) values.push_back(value);
    cout << Solution().uniqueSum(values) << endl;
}
`,
    java: `import java.util.Scanner;

// ==Code Submission==

public class Main {
    public static void main(String[] args) {
        Scanner scanner = new Scanner(System.in);
        List<Integer> values = new ArrayList<>();
        while (scanner.hasNextInt()) values.add(scanner.nextInt());
        System.out.println(new Solution().uniqueSum(values.stream().mapToInt(v -> v).toArray()));
    }
}
`,
    javascript: `const readline = require('readline');

// ==Code Submission==

const values = fs.readFileSync(0, 'utf8').trim().split(/\\s+/).map(Number);
console.log(uniqueSum(values));
`,
    golang: `package main

import (
	"bufio"
	"fmt"
	"os"
)

// ==Code Submission==

func main() {
	reader := bufio.NewReader(os.Stdin)
	values := []int{}
	for {
		var value int
		if _, err := fmt.Fscan(reader, &value); err != nil {
			break
		}
		values = append(values, value)
	}
	fmt.Println(uniqueSum(values))
}
`,
    ruby: `require 'json'

# ==Code Submission==

puts unique_sum($stdin.read.split.map(&:to_i))
`,
  },
  timeLimitMs: 5000,
  memoryLimitBytes: 2 ** 30,
  solutions: {},
  sha256: "",
};

/** A right solution in each language, with imports of its own at the top and inside. */
export const UNIQUE_SUM_SOLUTIONS: Readonly<Record<Language, string>> = {
  python3: `from __future__ import annotations
from collections import Counter
from typing import (
    List,
    Iterable,
)

class Solution:
    def uniqueSum(self, values: List[int]) -> int:
        import operator as op
        return functools.reduce(op.add, (v for v, n in Counter(values).items() if n == 1), 0)
`,
  cpp: `#include <unordered_map>
#include <bits/stdc++.h>
using namespace std;

class Solution {
public:
    int uniqueSum(vector<int>& values) {
        unordered_map<int, int> counts;
        for (int v : values) counts[v]++;
        int sum = 0;
        for (auto& [v, n] : counts) if (n == 1) sum += v;
        return sum;
    }
};
`,
  java: `import java.util.*;
import static java.lang.Math.abs;

public class Solution {
    public int uniqueSum(int[] values) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (int v : values) counts.merge(v, 1, Integer::sum);
        int sum = abs(0);
        for (var entry : counts.entrySet()) if (entry.getValue() == 1) sum += entry.getKey();
        return sum;
    }
}
`,
  javascript: `const fs = require('fs');
const { inspect: show } = require('util');

class Queue {}

var uniqueSum = function (values) {
  const counts = new Map();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  let sum = 0;
  for (const [v, n] of counts) if (n === 1) sum += v;
  return sum;
};
`,
  golang: `import (
	"sort"
	"strings"
)

func uniqueSum(values []int) int {
	sorted := append([]int{}, values...)
	sort.Ints(sorted)
	sum := 0
	for i, v := range sorted {
		if (i == 0 || sorted[i-1] != v) && (i+1 == len(sorted) || sorted[i+1] != v) {
			sum += v
		}
	}
	return int(math.Round(float64(sum)))
}
`,
  ruby: `require 'set'
require 'json'

def unique_sum(values)
  values.tally.select { |_, n| n == 1 }.keys.sum
end
`,
};
