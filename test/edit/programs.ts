/** Programs that the edit tests change. */

export const PYTHON = `import sys


def pairs(values, target):
    total = 0
    for i in range(len(values)):
        for j in range(i + 1, len(values)):
            if values[i] + values[j] == target:
                total += 1
    return total


def main():
    data = sys.stdin.read().split()
    target = int(data[0])
    print(pairs([int(x) for x in data[1:]], target))


main()
`;

export const FASTER_PYTHON = `import sys


def pairs(values, target):
    total = 0
    seen = {}
    for value in values:
        total += seen.get(target - value, 0)
        seen[value] = seen.get(value, 0) + 1
    return total


def main():
    data = sys.stdin.read().split()
    target = int(data[0])
    print(pairs([int(x) for x in data[1:]], target))


main()
`;

export const GO = `package main

import "fmt"

func sum(n int) int {
\ttotal := 0
\tfor i := 0; i < n; i++ {
\t\ttotal += i
\t}
\treturn total
}

func main() {
\tvar n int
\tfmt.Scan(&n)
\tfmt.Println(sum(n))
}
`;

export const CPP = `#include <cstdio>
#include <vector>

int main() {
    int n = 0;
    std::scanf("%d", &n);
    long long total = 0;
    for (int i = 0; i < n; i++) {
        total += i;
    }
    std::printf("%lld\\n", total);
    return 0;
}
`;

export const JAVA = `import java.util.Scanner;

public class Main {
    static long sum(int n) {
        long total = 0;
        for (int i = 0; i < n; i++) {
            total += i;
        }
        return total;
    }

    public static void main(String[] args) {
        System.out.println(sum(new Scanner(System.in).nextInt()));
    }
}
`;

export const JAVASCRIPT = `'use strict';

const lines = require('fs').readFileSync(0, 'utf8').split('\\n');

function sum(n) {
  let total = 0;
  for (let i = 0; i < n; i++) {
    total += i;
  }
  return total;
}

console.log(sum(Number(lines[0])));
`;

export const RUBY = `def sum(n)
  total = 0
  n.times do |i|
    total += i
  end
  total
end

puts sum(gets.to_i)
`;

/** Two functions that share lines. */
export const TWINS = `def rows(grid):
    out = []
    for row in grid:
        acc = 0
        for value in row:
            acc += value
        out.append(acc)
    return out


def columns(grid):
    out = []
    for column in zip(*grid):
        acc = 0
        for value in column:
            acc += value
        out.append(acc)
    return out


print(rows([[1]]), columns([[1]]))
`;

/** A program about the format itself: it holds markers, dividers, fences and reasoning tags as its own text. */
export const FORMAT_OWNER = `"""
Parser
=======
Splits an answer.
"""
SAMPLE = """
<<<<<<< SEARCH
old
=======
new
>>>>>>> REPLACE
"""
# EVOLVE-BLOCK-START
LIMIT = 10
# EVOLVE-BLOCK-END
PROMPT = """
<think>
plan
</think>
\`\`\`
code
\`\`\`
"""
print(SAMPLE, LIMIT, PROMPT)
`;

/** One SEARCH/REPLACE block with the usual markers. */
export function block(search: string, replace: string): string {
  const section = (text: string) => (text === "" ? "" : `${text}\n`);
  return `<<<<<<< SEARCH\n${section(search)}=======\n${section(replace)}>>>>>>> REPLACE\n`;
}

/** The program with one piece of text, which must occur once, replaced. */
export function edited(program: string, from: string, to: string): string {
  const parts = program.split(from);
  if (parts.length !== 2) throw new Error(`${JSON.stringify(from)} occurs ${parts.length - 1} times`);
  return parts.join(to);
}
