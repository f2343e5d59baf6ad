// SPDX-License-Identifier: GPL-2.0-only
#include "sysctl.h"

#include <stdio.h>

long sysctl_read(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

int sysctl_write(const char *path, long value)
{
	FILE *file = fopen(path, "we");
	int failed;

	if (!file)
		return -1;
	failed = fprintf(file, "%ld\n", value) < 0;
	return fclose(file) || failed ? -1 : 0;
}
