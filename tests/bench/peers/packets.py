"""What tshark2csv writes for the table packets, as a Python program with the module csv: the first
of a column's fields that is there, quoted where needed. No types, no layers.

    packets.py COLUMNS <FIELDS    COLUMNS: a line per column, the numbers of its fields
"""
import csv
import sys


def main():
    with open(sys.argv[1], encoding="ascii") as lines:
        columns = [[int(n) - 1 for n in line.split()] for line in lines]
    fields = open(0, encoding="utf-8", errors="surrogateescape", newline="\n")
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    write = csv.writer(sys.stdout, lineterminator="\n").writerow
    for line in fields:
        row = line.rstrip("\n").split("\t")
        out = []
        for choices in columns:
            value = row[choices[0]]
            if not value:
                for n in choices[1:]:
                    if row[n]:
                        value = row[n]
                        break
            out.append(value)
        write(out)


main()
