/** The names that EffiBench-X gives to every Python program and checker. Pure. */

/** The standard import block of the benchmark, one statement a line. */
export const PYTHON_STANDARD_IMPORTS: readonly string[] = [
  "import re",
  "from re import match, search, sub, split, findall, finditer",
  "import sys",
  "from sys import maxsize, stdin",
  "import json",
  "from json import loads",
  "import math",
  "from math import floor, ceil, factorial, sqrt, isqrt, inf, log2, log10, sin, cos, tan, pi, e, comb, perm, gcd, lcm",
  "import copy",
  "import pickle",
  "import heapq",
  "from heapq import heappush, heappop, heapify, heappushpop, nlargest, nsmallest",
  "import bisect",
  "from bisect import bisect_left, bisect_right",
  "import string",
  "from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits, whitespace, punctuation, hexdigits",
  "import random",
  "import operator",
  "import itertools",
  "from itertools import combinations, permutations, product, groupby, chain, accumulate, zip_longest",
  "import functools",
  "from functools import lru_cache, cache, reduce",
  "import collections",
  "from collections import OrderedDict, defaultdict, Counter, deque",
  "from typing import Set, Dict, List, Optional, Tuple",
];

/** Third-party part of the block: needed only by a program that names something of it. */
export const PYTHON_PACKAGE_IMPORTS: readonly string[] = [
  "import sortedcontainers",
  "from sortedcontainers import SortedList, SortedDict, SortedSet",
];

/** The statements of the block that bind a name which the source mentions. */
export function standardImportsFor(source: string): readonly string[] {
  const words = new Set(source.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? []);
  return [...PYTHON_STANDARD_IMPORTS, ...PYTHON_PACKAGE_IMPORTS].filter((statement) =>
    boundNames(statement).some((name) => words.has(name)),
  );
}

/** Names that a one-line import statement of the block binds. */
export function boundNames(statement: string): readonly string[] {
  const names = /\bimport\s+(.*)$/.exec(statement)?.[1] ?? "";
  return names.split(",").map((name) => name.trim());
}
