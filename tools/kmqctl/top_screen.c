// SPDX-License-Identifier: GPL-2.0-only
/*
 * The live display. Everything is drawn anew after each look and each key; ncurses
 * sends what differs. What goes wrong meanwhile is told when the terminal is its
 * owner's again, which is on every way out.
 */
#include <curses.h>
#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "clock.h"
#include "complain.h"
#include "follow.h"
#include "histogram.h"
#include "memory.h"
#include "output.h"
#include "party.h"
#include "top.h"

/* Lines above the rows: what there is, how it is shown, the headings. */
#define HEAD		3
/* And below: the keys. */
#define FOOT		1
#define NARROW		60
#define LETTERS_MAX	8
#define KEY_ESCAPE	27

enum {
	PAIR_GOOD = 1,
	PAIR_WARN,
	PAIR_BAD,
	PAIR_COOL,
};

enum view {
	VIEW_QUEUES,
	VIEW_HOLDERS,
	VIEW_HELP,
};

struct screen {
	struct top *top;
	enum view view;
	bool paused;
	bool colour;
	bool unicode;
	uint32_t selected;	/* id of the queue */
	size_t at;		/* its place in the rows */
	size_t first;		/* row that is shown uppermost */
	unsigned int widths[COLUMN_CHOICE_MAX];	/* no column gets narrower again */
	struct parties parties;
	struct column_choice party_choice;
	unsigned int party_widths[COLUMN_CHOICE_MAX];
};

static const char *const help[] = {
	"up, down, k, j      select a queue",
	"page up, page down  and a page at a time",
	"Home, End           the first, the last",
	"Enter               who holds the selected queue",
	"Esc                 back",
	"s, >, <             sort by the next column, or the one before",
	"r                   the other way round",
	"p, space            pause, and go on",
	"h, ?                this",
	"q                   quit",
	"",
	"ASLEEP: s waits to send, r to receive,",
	"c for the reply to its call.",
	NULL,
};

/* ------------------------------------------------------------------------
 * The terminal
 */

static FILE *real_stderr;
static char *said;
static size_t said_size;

/* Also by exit(), wherever it is called. */
static void give_back(void)
{
	if (!real_stderr)
		return;
	endwin();
	fclose(stderr);
	stderr = real_stderr;
	real_stderr = NULL;
	fwrite(said, 1, said_size, stderr);
	free(said);
}

static void start_colours(struct screen *screen)
{
	if (!*output_colour(COLOUR_RED) || !has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	init_pair(PAIR_WARN, COLOR_YELLOW, -1);
	init_pair(PAIR_BAD, COLOR_RED, -1);
	init_pair(PAIR_COOL, COLOR_CYAN, -1);
	screen->colour = true;
}

static int take_terminal(struct screen *screen)
{
	const char *term = getenv("TERM");

	if (!newterm(NULL, stdout, stdin))
		return complain("top: nothing is known of a terminal '%s' (TERM); --batch does "
				"without", term ? term : "");
	atexit(give_back);
	real_stderr = stderr;
	stderr = memory_check(open_memstream(&said, &said_size));
	/* It would end without the terminal being given back. */
	signal(SIGQUIT, SIG_IGN);
	cbreak();
	noecho();
	nonl();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	start_colours(screen);
	return STATUS_OK;
}

/* ------------------------------------------------------------------------
 * Cells
 */

static attr_t pair(const struct screen *screen, short number)
{
	return screen->colour ? (attr_t)COLOR_PAIR(number) : A_NORMAL;
}

/* Columns that a text takes on the screen. */
static unsigned int width_of(const char *text)
{
	wchar_t wide[256];
	size_t length = mbstowcs(wide, text, 256);
	int width = length < 256 ? wcswidth(wide, length) : -1;

	return width < 0 ? (unsigned int)strlen(text) : (unsigned int)width;
}

static bool is_column(const struct column *column, const char *name)
{
	return !strcmp(column->name, name);
}

static unsigned int bar_cells(void)
{
	return COLS < NARROW ? 4 : 10;
}

static void draw_bar(const struct screen *screen, int x, int y, const struct top_row *row)
{
	unsigned int percent = queue_use(&row->queue.info);
	short number = percent >= 90 ? PAIR_BAD : percent >= 70 ? PAIR_WARN : PAIR_GOOD;
	char *bar;

	if (!queue_fills(&row->queue.info)) {
		mvaddstr(y, x + (int)bar_cells() + 4, "-");
		return;
	}
	bar = bar_draw(percent, 100, bar_cells(), screen->unicode);
	attron(pair(screen, number));
	mvaddstr(y, x, bar);
	attroff(pair(screen, number));
	mvprintw(y, x + (int)bar_cells(), "%4u%%", percent);
	free(bar);
}

static void draw_letters(const struct screen *screen, int *x, int y, unsigned int count,
			 char letter, short number)
{
	attron(pair(screen, number));
	while (count--)
		mvaddch(y, (*x)++, (chtype)letter);
	attroff(pair(screen, number));
}

/* A letter for each, as long as they are few. */
static void draw_asleep(const struct screen *screen, int x, int y, const struct top_row *row)
{
	const struct kmq_info *info = &row->queue.info;

	draw_letters(screen, &x, y, info->blocked_senders, 's', PAIR_WARN);
	draw_letters(screen, &x, y, info->blocked_receivers, 'r', PAIR_COOL);
	draw_letters(screen, &x, y, info->blocked_callers, 'c', PAIR_BAD);
}

static bool are_few(const struct top_row *row)
{
	const struct kmq_info *info = &row->queue.info;
	uint64_t total = (uint64_t)info->blocked_senders + info->blocked_receivers +
			 info->blocked_callers;

	return total && total <= LETTERS_MAX;
}

/* Draws what is more than text. False if it is not. */
static bool draw_picture(const struct screen *screen, const struct column *column, int x, int y,
			 const void *row)
{
	if (screen->view != VIEW_QUEUES)
		return false;
	if (is_column(column, "USE")) {
		draw_bar(screen, x, y, row);
		return true;
	}
	if (!is_column(column, "ASLEEP") || !are_few(row))
		return false;
	draw_asleep(screen, x, y, row);
	return true;
}

/* ------------------------------------------------------------------------
 * Rows and columns
 */

struct grid {
	const struct column_choice *choice;
	unsigned int *widths;
	const char *rows;
	size_t stride, count, first, selected;
};

static unsigned int least_width(const struct screen *screen, const struct column *column)
{
	if (screen->view == VIEW_QUEUES && is_column(column, "USE"))
		return bar_cells() + 5;
	if (screen->view == VIEW_QUEUES && is_column(column, "ASLEEP") && COLS >= NARROW)
		return LETTERS_MAX;
	return (unsigned int)strlen(column->name);
}

static unsigned int most_width(const struct column *column)
{
	return is_column(column, "NAME") && COLS < NARROW ? 12 : 40;
}

static void widen(const struct screen *screen, const struct grid *grid, size_t rows)
{
	for (size_t i = 0; i < grid->choice->count; i++) {
		const struct column *column = grid->choice->columns[i];
		unsigned int width = least_width(screen, column);

		for (size_t j = 0; j < rows; j++) {
			const char *row = grid->rows + (grid->first + j) * grid->stride;
			char *text = table_text(&screen->top->format, column, row);
			unsigned int wanted = width_of(text);

			free(text);
			if (wanted > width)
				width = wanted;
		}
		if (width > most_width(column))
			width = most_width(column);
		if (width > grid->widths[i])
			grid->widths[i] = width;
	}
}

static void draw_text(const struct screen *screen, const struct column *column, int x, int y,
		      unsigned int width, const char *text)
{
	unsigned int length = width_of(text);
	bool right = column->kind != COLUMN_TEXT;

	if (length > width)
		mvprintw(y, x, "%.*s%c", (int)width - 1, text, '+');
	else
		mvaddstr(y, x + (right ? (int)(width - length) : 0), text);
}

static void draw_cell(const struct screen *screen, const struct column *column, int x, int y,
		      unsigned int width, const void *row)
{
	char *text;

	if (draw_picture(screen, column, x, y, row))
		return;
	text = table_text(&screen->top->format, column, row);
	draw_text(screen, column, x, y, width, text);
	free(text);
}

/* Only whole columns; the first, however narrow the screen is. */
static bool has_room(const struct grid *grid, size_t column, int x)
{
	return !column || x + (int)grid->widths[column] <= COLS;
}

static void draw_headings(const struct screen *screen, const struct grid *grid)
{
	int x = 0;

	mvchgat(HEAD - 1, 0, -1, A_REVERSE, 0, NULL);
	attron(A_REVERSE);
	mvhline(HEAD - 1, 0, ' ', COLS);
	for (size_t i = 0; i < grid->choice->count; i++) {
		const struct column *column = grid->choice->columns[i];
		bool sorted = screen->view == VIEW_QUEUES && column == screen->top->sort;

		if (!has_room(grid, i, x))
			break;
		if (sorted)
			attron(A_BOLD | A_UNDERLINE);
		draw_text(screen, column, x, HEAD - 1, grid->widths[i], column->name);
		if (sorted)
			attroff(A_BOLD | A_UNDERLINE);
		x += (int)grid->widths[i] + 1;
	}
	attroff(A_REVERSE);
}

static void draw_row(const struct screen *screen, const struct grid *grid, size_t index, int y)
{
	const char *row = grid->rows + index * grid->stride;
	int x = 0;

	for (size_t i = 0; i < grid->choice->count && has_room(grid, i, x); i++) {
		draw_cell(screen, grid->choice->columns[i], x, y, grid->widths[i], row);
		x += (int)grid->widths[i] + 1;
	}
	/* Over the line as it is: the bars keep their length, not their colour. */
	if (index == grid->selected)
		mvchgat(y, 0, -1, A_REVERSE, 0, NULL);
}

static size_t rows_shown(void)
{
	return LINES > HEAD + FOOT ? (size_t)(LINES - HEAD - FOOT) : 1;
}

static void draw_grid(const struct screen *screen, const struct grid *grid)
{
	size_t rows = grid->count - grid->first;

	if (rows > rows_shown())
		rows = rows_shown();
	widen(screen, grid, rows);
	draw_headings(screen, grid);
	for (size_t i = 0; i < rows; i++)
		draw_row(screen, grid, grid->first + i, HEAD + (int)i);
}

/* ------------------------------------------------------------------------
 * Views
 */

static void draw_line(int y, const char *text)
{
	mvaddnstr(y, 0, text, COLS);
}

static void draw_summary(const struct screen *screen)
{
	const struct top *top = screen->top;
	unsigned long long full = 0, asleep = 0;
	double in = 0, out = 0;
	char clock[16] = "";
	time_t now = time(NULL);
	struct tm tm;
	char *text;

	for (size_t i = 0; i < top->count; i++) {
		const struct kmq_info *info = &top->rows[i].queue.info;

		full += queue_fills(info) && queue_use(info) >= 100;
		asleep += info->blocked_senders + info->blocked_receivers + info->blocked_callers;
		in += top->rows[i].in;
		out += top->rows[i].out;
	}
	if (localtime_r(&now, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	text = memory_print("%s  %zu queue%s, %llu full, %llu asleep, %.0f/s in, %.0f/s out", clock,
			    top->count, top->count == 1 ? "" : "s", full, asleep, in, out);
	attron(A_BOLD);
	draw_line(0, text);
	attroff(A_BOLD);
	free(text);
}

static void draw_queues(struct screen *screen)
{
	const struct top *top = screen->top;
	struct grid grid = {
		.choice = &top->format.choice,
		.widths = screen->widths,
		.rows = (const char *)top->rows,
		.stride = sizeof(*top->rows),
		.count = top->count,
		.first = screen->first,
		.selected = screen->at,
	};
	char *text = memory_print("%ssorted by %s%s%s%s", screen->paused ? "PAUSED  " : "",
				  top->sort->name, top->reverse ? ", reversed" : "",
				  top->pattern ? "  of " : "", top->pattern ? top->pattern : "");

	draw_line(1, text);
	free(text);
	draw_grid(screen, &grid);
	if (!top->count)
		mvaddstr(HEAD, 0, "no queues");
	draw_line(LINES - 1, COLS < NARROW ? "q quit  s sort  p pause  h help"
			     : "q quit  s sort  r reverse  p pause  Enter holders  h help");
}

static const struct top_row *selected_row(const struct screen *screen)
{
	return screen->at < screen->top->count ? &screen->top->rows[screen->at] : NULL;
}

static void draw_holders(struct screen *screen)
{
	const struct top_row *row = selected_row(screen);
	struct grid grid = {
		.choice = &screen->party_choice,
		.widths = screen->party_widths,
		.rows = (const char *)screen->parties.list,
		.stride = sizeof(*screen->parties.list),
		.count = screen->parties.count,
		.selected = SIZE_MAX,
	};
	char *text;

	if (!row) {
		draw_line(1, "the queue is gone");
	} else {
		const struct kmq_info *info = &row->queue.info;

		text = memory_print("%s#%u %s: %llu queued, %llu leased; held by:",
				    screen->paused ? "PAUSED  " : "", info->id, info->name,
				    (unsigned long long)info->queued,
				    (unsigned long long)info->leased);
		draw_line(1, text);
		free(text);
		draw_grid(screen, &grid);
		if (!grid.count)
			mvaddstr(HEAD, 0, "nobody");
		if (!screen->parties.complete)
			mvaddnstr(HEAD + (int)grid.count + 1, 0,
				  "(not all processes can be seen by this user)", COLS);
	}
	draw_line(LINES - 1, "Esc back  p pause  q quit");
}

static void draw_help(void)
{
	for (int i = 0; help[i] && i + 2 < LINES - FOOT; i++)
		draw_line(i + 2, help[i]);
	draw_line(LINES - 1, "any key: back");
}

/* ncurses ignores a ^Z while it writes: one that comes then is to wait. */
static void send_changes(void)
{
	sigset_t stop, before;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, &before);
	refresh();
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void draw(struct screen *screen)
{
	erase();
	draw_summary(screen);
	switch (screen->view) {
	case VIEW_QUEUES:
		draw_queues(screen);
		break;
	case VIEW_HOLDERS:
		draw_holders(screen);
		break;
	case VIEW_HELP:
		draw_help();
		break;
	}
	send_changes();
}

/* ------------------------------------------------------------------------
 * Selection
 */

static void scroll_to_selected(struct screen *screen)
{
	size_t rows = rows_shown();

	if (screen->at < screen->first)
		screen->first = screen->at;
	if (screen->at >= screen->first + rows)
		screen->first = screen->at - rows + 1;
	/* Not more empty lines than there must be. */
	if (screen->first + rows > screen->top->count)
		screen->first = screen->top->count > rows ? screen->top->count - rows : 0;
}

/* The queue that was selected, wherever it is by now; if it is gone its place. */
static void find_selected(struct screen *screen)
{
	const struct top *top = screen->top;

	for (size_t i = 0; i < top->count; i++) {
		if (top->rows[i].queue.info.id == screen->selected) {
			screen->at = i;
			scroll_to_selected(screen);
			return;
		}
	}
	/* Who looks at its holders is told that it is gone. */
	if (screen->view == VIEW_HOLDERS)
		screen->at = SIZE_MAX;
	else if (screen->at >= top->count)
		screen->at = top->count ? top->count - 1 : 0;
	if (screen->at < top->count)
		screen->selected = top->rows[screen->at].queue.info.id;
	if (screen->at != SIZE_MAX)
		scroll_to_selected(screen);
}

static void move_by(struct screen *screen, long rows)
{
	long last = (long)screen->top->count - 1, at = (long)screen->at + rows;

	if (last < 0)
		return;
	screen->at = (size_t)(at < 0 ? 0 : at > last ? last : at);
	screen->selected = screen->top->rows[screen->at].queue.info.id;
	scroll_to_selected(screen);
}

static void order(struct screen *screen)
{
	top_order(screen->top);
	find_selected(screen);
}

/* The column beside, of those that are chosen. */
static void sort_by_next(struct screen *screen, int step)
{
	const struct column_choice *choice = &screen->top->format.choice;
	size_t i = 0;

	while (i < choice->count && choice->columns[i] != screen->top->sort)
		i++;
	i = i == choice->count ? 0 : (i + choice->count + (size_t)step) % choice->count;
	screen->top->sort = choice->columns[i];
	order(screen);
}

/* ------------------------------------------------------------------------
 * Looks and keys
 */

static void look_at_holders(struct screen *screen)
{
	const struct top_row *row = selected_row(screen);
	struct holders seen;

	parties_free(&screen->parties);
	if (!row)
		return;
	seen = holders_find();
	parties_add(&screen->parties, &row->queue.info, &seen);
	holders_free(&seen);
}

static int look(struct screen *screen)
{
	int status = top_look(screen->top);

	if (status)
		return status;
	order(screen);
	if (screen->view == VIEW_HOLDERS)
		look_at_holders(screen);
	return STATUS_OK;
}

static void show(struct screen *screen, enum view view)
{
	screen->view = view;
	memset(screen->party_widths, 0, sizeof(screen->party_widths));
	if (view == VIEW_HOLDERS)
		look_at_holders(screen);
	else
		find_selected(screen);
}

static void take_queues_key(struct screen *screen, int key)
{
	long page = (long)rows_shown();

	switch (key) {
	case KEY_UP:
	case 'k':
		move_by(screen, -1);
		break;
	case KEY_DOWN:
	case 'j':
		move_by(screen, 1);
		break;
	case KEY_PPAGE:
		move_by(screen, -page);
		break;
	case KEY_NPAGE:
		move_by(screen, page);
		break;
	case KEY_HOME:
	case 'g':
		move_by(screen, -(long)screen->top->count);
		break;
	case KEY_END:
	case 'G':
		move_by(screen, (long)screen->top->count);
		break;
	case KEY_ENTER:
	case KEY_RIGHT:
	case '\r':
	case '\n':
		if (selected_row(screen))
			show(screen, VIEW_HOLDERS);
		break;
	case 's':
	case '>':
		sort_by_next(screen, 1);
		break;
	case '<':
		sort_by_next(screen, -1);
		break;
	case 'r':
		screen->top->reverse = !screen->top->reverse;
		order(screen);
		break;
	}
}

static bool is_back(int key)
{
	return key == KEY_ESCAPE || key == KEY_LEFT || key == KEY_BACKSPACE || key == '\r' ||
	       key == '\n' || key == KEY_ENTER;
}

/* False if the user has enough. */
static bool take_key(struct screen *screen, int key)
{
	if (key == 'q' || key == 'Q')
		return false;
	if (key == KEY_RESIZE) {
		memset(screen->widths, 0, sizeof(screen->widths));
		memset(screen->party_widths, 0, sizeof(screen->party_widths));
		if (screen->at != SIZE_MAX)
			scroll_to_selected(screen);
		clear();
		return true;
	}
	if (screen->view == VIEW_HELP) {
		show(screen, VIEW_QUEUES);
		return true;
	}
	if (key == 'p' || key == ' ')
		screen->paused = !screen->paused;
	else if (key == 'h' || key == '?')
		show(screen, VIEW_HELP);
	else if (screen->view == VIEW_QUEUES)
		take_queues_key(screen, key);
	else if (is_back(key))
		show(screen, VIEW_QUEUES);
	return true;
}

/* Draws, and takes keys until @next. STATUS_OK, or END_SIGNAL when it is over. */
static int attend(struct screen *screen, uint64_t next)
{
	for (;;) {
		uint64_t now;
		int key, ready;

		draw(screen);
		while ((key = getch()) != ERR) {
			if (!take_key(screen, key))
				return END_SIGNAL;
			draw(screen);
		}
		now = clock_now();
		if (now >= next)
			return STATUS_OK;
		ready = follow_poll(STDIN_FILENO, next - now);
		if (ready < 0)
			return ready;
		/* A terminal that went away is readable for ever. */
		if (ready && (key = getch()) == ERR)
			return END_PIPE;
		if (ready && !take_key(screen, key))
			return END_SIGNAL;
	}
}

static int run(struct screen *screen)
{
	uint64_t next = clock_now();
	int status = STATUS_OK;

	for (uint64_t i = 0; !status && (!screen->top->reports || i < screen->top->reports);) {
		if (!screen->paused) {
			status = look(screen);
			i++;
		}
		next += screen->top->delay;
		/* After a stop by ^Z it does not make up for what it missed. */
		if (next < clock_now())
			next = clock_now() + screen->top->delay;
		if (!status)
			status = attend(screen, next);
	}
	return status < 0 ? STATUS_OK : status;
}

int top_screen(struct top *top)
{
	struct screen screen = { .top = top, .unicode = output_is_unicode() };
	char wrong[64];
	int status;

	column_choose(&screen.party_choice, party_columns,
		      "ROLE,PID,COMMAND,FD,WAITS-FOR,SINCE,ACCESS,LEASES,TID", "", wrong);
	status = take_terminal(&screen);
	if (status)
		return status;
	follow_begin();
	status = run(&screen);
	parties_free(&screen.parties);
	give_back();
	return status;
}
