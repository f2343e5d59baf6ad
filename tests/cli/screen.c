// SPDX-License-Identifier: GPL-2.0-only
/*
 * A terminal and a person before it, for tests: runs a command on a pseudo-terminal
 * of its own and does what a script on standard input says, a line each.
 *
 *	screen ROWS COLUMNS COMMAND [ARGUMENT]... <SCRIPT
 *
 *	wait TEXT	until the screen shows TEXT; 20 s, else it is an error
 *	until-gone TEXT	until it does not any more
 *	wait-marked TEXT
 *			until a line that is shown in reverse has TEXT; 20 s
 *	key NAME|TEXT	press up, down, left, right, enter, escape, space, page-up,
 *			page-down, home, end, ^C, ^Z, or the characters of TEXT
 *	resize ROWS COLUMNS
 *	signal NAME	TERM, INT, HUP, QUIT or CONT, to the command
 *	sleep MS
 *	run COMMAND	by the shell, and on: it has to succeed
 *	show		print what is on the screen, without blanks at the ends of lines
 *	marked		print the lines that are shown in reverse
 *	end STATUS	wait for the command, which has to exit so (128 + signal)
 *	modes		print what the terminal is left like: the main screen or the other,
 *			the cursor shown or not, echo and canonical input on or off
 *
 * It knows of the terminal what ncurses uses with TERM=xterm (the caller sets TERM):
 * the usual moves and erasures of ECMA-48, the alternate screen, reverse video. What
 * it does not know is an error, so that nothing is shown wrongly in silence.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#define ROWS_MAX	100
#define COLUMNS_MAX	300
#define CELL_BYTES	5
#define PARAMETERS_MAX	16
#define PATIENCE	20000	/* ms */

struct cell {
	char text[CELL_BYTES];
	bool reverse;
};

static struct cell cells[ROWS_MAX][COLUMNS_MAX];
static struct cell main_screen[ROWS_MAX][COLUMNS_MAX];
static int rows, columns, row, column, top, bottom;
static bool reverse, alternate, cursor_hidden, wrap_next;
static struct cell last;
static int master;
static pid_t child;
static bool over;		/* the command has ended, and all it wrote was read */

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *format, ...)
{
	va_list arguments;

	fputs("screen: ", stdout);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
	kill(child, SIGKILL);
	exit(99);
}

/* ------------------------------------------------------------------------
 * What is on the screen
 */

static void blank(int y, int from, int to)
{
	for (int x = from; x < to; x++)
		cells[y][x] = (struct cell){ " ", false };
}

static void blank_rows(int from, int to)
{
	for (int y = from; y < to; y++)
		blank(y, 0, COLUMNS_MAX);
}

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static void move_to(int y, int x)
{
	row = clamp(y, 0, rows - 1);
	column = clamp(x, 0, columns - 1);
	wrap_next = false;
}

/* Rows from @from to the bottom of the region go up, or down if @count is negative. */
static void scroll(int from, int count)
{
	int height = bottom - from + 1, by = clamp(abs(count), 0, height);

	if (count > 0) {
		memmove(cells[from], cells[from + by], sizeof(*cells) * (size_t)(height - by));
		blank_rows(bottom + 1 - by, bottom + 1);
	} else {
		memmove(cells[from + by], cells[from], sizeof(*cells) * (size_t)(height - by));
		blank_rows(from, from + by);
	}
}

static void line_feed(void)
{
	if (row == bottom)
		scroll(top, 1);
	else
		move_to(row + 1, column);
}

static void put(struct cell cell)
{
	if (wrap_next) {
		column = 0;
		line_feed();
	}
	cells[row][column] = cell;
	last = cell;
	wrap_next = column == columns - 1;
	if (!wrap_next)
		column++;
}

static void swap_screen(bool to_alternate)
{
	if (to_alternate == alternate)
		return;
	alternate = to_alternate;
	if (alternate) {
		memcpy(main_screen, cells, sizeof(cells));
		blank_rows(0, ROWS_MAX);
	} else {
		memcpy(cells, main_screen, sizeof(cells));
	}
}

static void shift_cells(int count, bool right)
{
	int width = columns - column, by = clamp(count, 0, width);
	struct cell *at = &cells[row][column];

	if (right) {
		memmove(at + by, at, sizeof(*at) * (size_t)(width - by));
		blank(row, column, column + by);
	} else {
		memmove(at, at + by, sizeof(*at) * (size_t)(width - by));
		blank(row, columns - by, columns);
	}
}

/* ------------------------------------------------------------------------
 * What comes from the command
 */

static int parameters[PARAMETERS_MAX], parameter_count;

static int parameter(int index, int otherwise)
{
	return index < parameter_count && parameters[index] ? parameters[index] : otherwise;
}

static void set_mode(bool on)
{
	switch (parameter(0, 0)) {
	case 1:		/* cursor keys */
	case 7:		/* wraps at the margin */
	case 12:	/* blinks */
	case 2004:	/* pastes in brackets */
	case 1000: case 1002: case 1006:	/* mouse */
		break;
	case 25:
		cursor_hidden = !on;
		break;
	case 47: case 1047: case 1049:
		swap_screen(on);
		break;
	default:
		fail("does not know the mode ?%d", parameter(0, 0));
	}
}

static void set_rendition(void)
{
	if (!parameter_count)
		reverse = false;
	for (int i = 0; i < parameter_count; i++) {
		if (!parameters[i] || parameters[i] == 27)
			reverse = false;
		else if (parameters[i] == 7)
			reverse = true;
	}
}

static void erase_display(int how)
{
	if (how == 0) {
		blank(row, column, columns);
		blank_rows(row + 1, rows);
	} else if (how == 1) {
		blank_rows(0, row);
		blank(row, 0, column + 1);
	} else {
		blank_rows(0, rows);
	}
}

static void erase_line(int how)
{
	blank(row, how ? 0 : column, how == 1 ? column + 1 : columns);
}

static void control_sequence(char private, char final)
{
	int count = parameter(0, 1);

	if (private == '?' && (final == 'h' || final == 'l')) {
		set_mode(final == 'h');
		return;
	}
	if (private == '>')	/* asks, or sets, what is of no matter here */
		return;
	switch (final) {
	case 'A': move_to(row - count, column); break;
	case 'B': move_to(row + count, column); break;
	case 'C': move_to(row, column + count); break;
	case 'D': move_to(row, column - count); break;
	case 'G': move_to(row, count - 1); break;
	case 'd': move_to(count - 1, column); break;
	case 'H':
	case 'f': move_to(count - 1, parameter(1, 1) - 1); break;
	case 'J': erase_display(parameter(0, 0)); break;
	case 'K': erase_line(parameter(0, 0)); break;
	case 'L': scroll(row, -count); break;
	case 'M': scroll(row, count); break;
	case 'S': scroll(top, count); break;
	case 'T': scroll(top, -count); break;
	case 'X': blank(row, column, clamp(column + count, 0, columns)); break;
	case '@': shift_cells(count, true); break;
	case 'P': shift_cells(count, false); break;
	case 'b':
		while (count--)
			put(last);
		break;
	case 'r':
		top = clamp(count - 1, 0, rows - 1);
		bottom = clamp(parameter(1, rows) - 1, top, rows - 1);
		move_to(0, 0);
		break;
	case 'Z':
		move_to(row, (column - 1) / 8 * 8);
		break;
	case 'm': set_rendition(); break;
	case 'h': case 'l': case 't': case 'n': case 'c': break;
	default:
		fail("does not know ESC [ %c", final);
	}
}

static void escape(char final)
{
	switch (final) {
	case 'M':
		if (row == top)
			scroll(top, -1);
		else
			move_to(row - 1, column);
		break;
	case '=': case '>': case '7': case '8': case 'c': case '\\':
		break;
	default:
		fail("does not know ESC %c", final);
	}
}

static void control(char byte)
{
	switch (byte) {
	case '\r': move_to(row, 0); break;
	case '\n': line_feed(); break;
	case '\b': move_to(row, column - 1); break;
	case '\t': move_to(row, (column + 8) / 8 * 8); break;
	case '\a': case 14: case 15: case 0: break;
	default:
		fail("does not know the character %d", byte);
	}
}

/* One byte; the state is what came of a sequence or a character so far. */
static void take_byte(unsigned char byte)
{
	static enum { TEXT, ESCAPE, CHARSET, SEQUENCE, STRING } state;
	static struct cell cell;
	static int missing, length;
	static char private;

	switch (state) {
	case ESCAPE:
		state = byte == '[' ? SEQUENCE : byte == ']' ? STRING :
			strchr("()*+", byte) ? CHARSET : TEXT;
		private = '\0';
		parameter_count = 0;
		memset(parameters, 0, sizeof(parameters));
		if (state == TEXT)
			escape((char)byte);
		return;
	case CHARSET:
		state = TEXT;
		return;
	case STRING:
		if (byte == '\a')
			state = TEXT;
		else if (byte == 27)
			state = ESCAPE;
		return;
	case SEQUENCE:
		if (isdigit(byte)) {
			parameter_count = parameter_count ? parameter_count : 1;
			parameters[parameter_count - 1] *= 10;
			parameters[parameter_count - 1] += byte - '0';
		} else if (byte == ';') {
			parameter_count = clamp(parameter_count ? parameter_count + 1 : 2, 0,
						PARAMETERS_MAX);
		} else if (byte >= '<' && byte <= '?') {
			private = (char)byte;
		} else if (byte >= '@') {
			state = TEXT;
			control_sequence(private, (char)byte);
		}
		return;
	case TEXT:
		break;
	}
	if (byte == 27) {
		state = ESCAPE;
		return;
	}
	if (missing) {
		cell.text[length++] = (char)byte;
		if (!--missing)
			put(cell);
		return;
	}
	if (byte < 32 || byte == 127) {
		control((char)byte);
		return;
	}
	memset(&cell, 0, sizeof(cell));
	cell.reverse = reverse;
	cell.text[0] = (char)byte;
	length = 1;
	missing = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
	if (!missing)
		put(cell);
}

/* What comes within @ms. False if nothing did. */
static bool listen_for(int ms)
{
	struct pollfd polled = { .fd = master, .events = POLLIN };
	unsigned char bytes[4096];
	ssize_t count;

	if (over) {
		usleep((useconds_t)ms * 1000);
		return false;
	}
	if (poll(&polled, 1, ms) <= 0)
		return false;
	count = read(master, bytes, sizeof(bytes));
	/* EIO when nobody has the other side any more. */
	over = count <= 0;
	for (ssize_t i = 0; i < count; i++)
		take_byte(bytes[i]);
	return count > 0;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void listen_all(int ms)
{
	long until = now_ms() + ms;

	for (long left = ms; left > 0; left = until - now_ms())
		listen_for((int)left);
}

/* ------------------------------------------------------------------------
 * The script
 */

static void line_text(int y, char *text)
{
	char *end = text;

	for (int x = 0; x < columns; x++) {
		text = stpcpy(text, cells[y][x].text);
		if (strcmp(cells[y][x].text, " "))
			end = text;
	}
	*end = '\0';
}

/* Not what is half drawn. */
static void settle(void)
{
	while (listen_for(200))
		;
}

static void show(bool marked_only)
{
	char text[COLUMNS_MAX * CELL_BYTES];

	settle();
	for (int y = 0; y < rows; y++) {
		line_text(y, text);
		if (!marked_only || cells[y][0].reverse)
			puts(text);
	}
}

static bool shows(const char *wanted, bool marked_only)
{
	char text[COLUMNS_MAX * CELL_BYTES];

	for (int y = 0; y < rows; y++) {
		line_text(y, text);
		if (strstr(text, wanted) && (!marked_only || cells[y][0].reverse))
			return true;
	}
	return false;
}

static void wait_for(const char *wanted, bool there, bool marked_only)
{
	long until = now_ms() + PATIENCE;

	while (shows(wanted, marked_only) != there) {
		if (now_ms() > until || (over && there)) {
			show(false);
			fail("the screen above %s '%s'%s", there ? "does not show" : "still shows",
			     wanted, marked_only ? " in reverse" : "");
		}
		listen_for(50);
	}
}

static void press(const char *name)
{
	static const struct {
		const char *name, *bytes;
	} keys[] = {
		{ "up", "\033OA" }, { "down", "\033OB" }, { "right", "\033OC" },
		{ "left", "\033OD" }, { "enter", "\r" }, { "escape", "\033" },
		{ "space", " " }, { "page-up", "\033[5~" }, { "page-down", "\033[6~" },
		{ "home", "\033OH" }, { "end", "\033OF" }, { "^C", "\003" }, { "^Z", "\032" },
	};
	const char *bytes = name;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!strcmp(keys[i].name, name))
			bytes = keys[i].bytes;
	}
	if (write(master, bytes, strlen(bytes)) < 0)
		fail("cannot press %s: %s", name, strerror(errno));
}

static void resize(const char *text)
{
	struct winsize size = { 0 };

	if (sscanf(text, "%d %d", &rows, &columns) != 2 || rows > ROWS_MAX ||
	    columns > COLUMNS_MAX)
		fail("cannot resize to '%s'", text);
	top = 0;
	bottom = rows - 1;
	move_to(row, column);
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)columns;
	ioctl(master, TIOCSWINSZ, &size);
}

static void send_signal(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{ "TERM", SIGTERM }, { "INT", SIGINT }, { "HUP", SIGHUP }, { "QUIT", SIGQUIT },
		{ "CONT", SIGCONT },
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if (!strcmp(signals[i].name, name)) {
			kill(child, signals[i].number);
			return;
		}
	}
	fail("does not know the signal '%s'", name);
}

static void run(const char *command)
{
	int status = system(command);

	if (status)
		fail("'%s' came to %d", command, status);
}

static void await_end(const char *wanted)
{
	long until = now_ms() + PATIENCE;
	int status, got;

	while (waitpid(child, &status, WNOHANG) != child) {
		if (now_ms() > until)
			fail("the command has not ended");
		listen_for(50);
	}
	/* What it wrote last. */
	settle();
	got = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (got != atoi(wanted))
		fail("the command ended with %d, not %s", got, wanted);
}

static void tell_modes(void)
{
	struct termios modes;

	if (tcgetattr(master, &modes))
		fail("has no modes: %s", strerror(errno));
	printf("%s screen, cursor %s, echo %s, lines %s\n", alternate ? "other" : "main",
	       cursor_hidden ? "hidden" : "shown", modes.c_lflag & ECHO ? "on" : "off",
	       modes.c_lflag & ICANON ? "on" : "off");
}

static void obey(char *line)
{
	char *argument = line + strcspn(line, " ");

	if (*argument)
		*argument++ = '\0';
	if (!strcmp(line, "wait"))
		wait_for(argument, true, false);
	else if (!strcmp(line, "until-gone"))
		wait_for(argument, false, false);
	else if (!strcmp(line, "wait-marked"))
		wait_for(argument, true, true);
	else if (!strcmp(line, "key"))
		press(argument);
	else if (!strcmp(line, "resize"))
		resize(argument);
	else if (!strcmp(line, "signal"))
		send_signal(argument);
	else if (!strcmp(line, "sleep"))
		listen_all(atoi(argument));
	else if (!strcmp(line, "run"))
		run(argument);
	else if (!strcmp(line, "show"))
		show(false);
	else if (!strcmp(line, "marked"))
		show(true);
	else if (!strcmp(line, "end"))
		await_end(argument);
	else if (!strcmp(line, "modes"))
		tell_modes();
	else if (*line)
		fail("does not know how to '%s'", line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct winsize size = { 0 };
	char line[512];
	int slave;

	if (argc < 4)
		fail("takes ROWS COLUMNS COMMAND");
	rows = clamp(atoi(argv[1]), 1, ROWS_MAX);
	columns = clamp(atoi(argv[2]), 1, COLUMNS_MAX);
	bottom = rows - 1;
	blank_rows(0, ROWS_MAX);
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)columns;
	/* The other side stays open here: its modes are looked at when the command is gone. */
	if (openpty(&master, &slave, NULL, NULL, &size))
		fail("has no pseudo-terminal: %s", strerror(errno));
	child = fork();
	if (!child) {
		close(master);
		login_tty(slave);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		obey(line);
	}
	kill(child, SIGKILL);
	return 0;
}
