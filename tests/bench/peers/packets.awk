# What tshark2csv writes for the table packets, as an awk program: the first of a column's fields
# that is there, quoted where needed. No types, no UTF-8, no layers.
#   awk -f packets.awk COLUMNS FIELDS    COLUMNS: a line per column, the numbers of its fields
BEGIN {
	FS = "\t"
	while ((getline line < ARGV[1]) > 0)
		wanted[++columns] = line
	ARGV[1] = ""
	for (c = 1; c <= columns; c++) {
		choices[c] = split(wanted[c], numbers, " ")
		for (i = 1; i <= choices[c]; i++)
			field[c, i] = numbers[i]
	}
}
{
	out = ""
	for (c = 1; c <= columns; c++) {
		value = $field[c, 1]
		for (i = 2; value == "" && i <= choices[c]; i++)
			value = $field[c, i]
		if (value ~ /[",\\]/) {
			gsub(/"/, "\"\"", value)
			value = "\"" value "\""
		}
		out = out (c == 1 ? "" : ",") value
	}
	print out
}
