"""A strict reader of the Prometheus text format: standard input, or it says what is wrong.

Prints one "name{label="value"} number" per sample, as it was read."""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")


def main():
    text = sys.stdin.buffer.read().decode("utf-8")
    if not text.endswith("\n"):
        sys.exit("the last line has no end")
    helped, typed, seen, family = set(), {}, set(), None
    for number, line in enumerate(text[:-1].split("\n"), 1):
        where = f"line {number}: {line!r}: "
        if m := re.fullmatch(rf"# HELP ({NAME}) ([^\\\n]+)", line):
            if m[1] in helped:
                sys.exit(where + "helped twice")
            helped.add(m[1])
        elif m := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge)", line):
            if m[1] in typed or m[1] not in helped:
                sys.exit(where + "typed twice, or without help")
            if (m[2] == "counter") != m[1].endswith("_total"):
                sys.exit(where + "counters, and only they, end in _total")
            typed[m[1]] = m[2]
            family = m[1]
        elif m := SAMPLE.fullmatch(line):
            if m[1] != family:
                sys.exit(where + "not of the family before it")
            if not m[1].startswith("pcapanalyzer_"):
                sys.exit(where + "not ours")
            if (m[1], m[2]) in seen:
                sys.exit(where + "twice")
            seen.add((m[1], m[2]))
            print(line)
        else:
            sys.exit(where + "no such line")
    if helped != set(typed):
        sys.exit("help without a type")


main()
