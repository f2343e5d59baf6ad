/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each file of a subcommand gives to the table: its function, and its
 * options where it has some of its own.
 */
#ifndef KMQCTL_SUBCOMMANDS_H
#define KMQCTL_SUBCOMMANDS_H

#include "command.h"

int help_main(const struct command *self, int argc, char **argv);
int create_main(const struct command *self, int argc, char **argv);
int remove_main(const struct command *self, int argc, char **argv);
int list_main(const struct command *self, int argc, char **argv);
int set_main(const struct command *self, int argc, char **argv);
int holders_main(const struct command *self, int argc, char **argv);
int monitor_main(const struct command *self, int argc, char **argv);
int top_main(const struct command *self, int argc, char **argv);
int show_main(const struct command *self, int argc, char **argv);
int send_main(const struct command *self, int argc, char **argv);
int recv_main(const struct command *self, int argc, char **argv);
int peek_main(const struct command *self, int argc, char **argv);
int purge_main(const struct command *self, int argc, char **argv);
int stats_main(const struct command *self, int argc, char **argv);
int trace_main(const struct command *self, int argc, char **argv);
int doctor_main(const struct command *self, int argc, char **argv);

extern const struct option_spec create_options[];
extern const struct option_spec remove_options[];
extern const struct option_spec list_options[];
extern const struct option_spec set_options[];
extern const struct option_spec holders_options[];
extern const struct option_spec monitor_options[];
extern const struct option_spec top_options[];
extern const struct option_spec show_options[];
extern const struct option_spec send_options[];
extern const struct option_spec recv_options[];
extern const struct option_spec peek_options[];
extern const struct option_spec purge_options[];
extern const struct option_spec stats_options[];
extern const struct option_spec trace_options[];
extern const struct option_spec doctor_options[];

#endif
