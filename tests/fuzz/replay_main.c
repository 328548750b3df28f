/* Run a fuzz target over files: every operand is a file or a folder of files. So the corpus is
 * a regression test with any compiler. An operand that is not there is no error: a target may
 * have no corpus yet. The empty input always runs. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static unsigned n_run;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t len = 0, cap = 0;
	int rc = -1;

	if (!f) {
		fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
		return -1;
	}
	for (;;) {
		size_t n;

		if (len == cap) {
			uint8_t *more;

			cap = cap ? cap * 2 : 65536;
			more = realloc(data, cap);
			if (!more)
				goto out;
			data = more;
		}
		n = fread(data + len, 1, cap - len, f);
		if (n == 0)
			break;
		len += n;
	}
	if (ferror(f))
		goto out;
	/* An exact allocation, so that a read past the end is caught. */
	uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		goto out;
	if (len)
		memcpy(exact, data, len);
	(void)LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	n_run++;
	rc = 0;
out:
	free(data);
	(void)fclose(f);
	return rc;
}

static int replay(const char *path, int depth)
{
	struct stat st;
	struct dirent *entry;
	DIR *dir;
	int rc = 0;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	if (depth > 4)
		return 0;
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((entry = readdir(dir)) != NULL) {
		char sub[4096];
		int n;

		if (entry->d_name[0] == '.')
			continue;
		n = snprintf(sub, sizeof(sub), "%s/%s", path, entry->d_name);
		if (n < 0 || (size_t)n >= sizeof(sub) || replay(sub, depth + 1) != 0)
			rc = -1;
	}
	(void)closedir(dir);
	return rc;
}

int main(int argc, char **argv)
{
	static const uint8_t none[1];
	int rc = 0;

	(void)LLVMFuzzerTestOneInput(none, 0);
	for (int i = 1; i < argc; i++) {
		if (replay(argv[i], 0) != 0)
			rc = 1;
	}
	printf("replayed %u inputs\n", n_run);
	return rc;
}
