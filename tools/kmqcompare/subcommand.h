/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands. Each parses its own arguments (argv[0] is its full name, for
 * messages) and returns the exit status: 0; 1 with a sentence on stderr.
 * argp(3) ends the program with 2 for a wrong usage.
 */
#ifndef KMQCOMPARE_SUBCOMMAND_H
#define KMQCOMPARE_SUBCOMMAND_H

#define EXIT_USAGE	2

int bench_main(int argc, char **argv);
int probe_main(int argc, char **argv);
int same_main(int argc, char **argv);
int report_main(int argc, char **argv);
int diff_main(int argc, char **argv);
int check_main(int argc, char **argv);

#endif
