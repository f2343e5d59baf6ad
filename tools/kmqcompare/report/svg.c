// SPDX-License-Identifier: GPL-2.0-only
#include "svg.h"

#include "html.h"

#include <ctype.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A gnuplot whose standard input is the script and whose output is ours to read. */
static pid_t start(FILE *script, int output)
{
	char *const arguments[] = { "gnuplot", "-d", "-", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, "gnuplot", &actions, NULL, arguments, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static char *read_all(int fd)
{
	char *text = NULL;
	size_t size;
	FILE *copy = open_memstream(&text, &size);
	char piece[4096];
	ssize_t got;

	while (copy && (got = read(fd, piece, sizeof(piece))) > 0)
		fwrite(piece, 1, got, copy);
	if (copy)
		fclose(copy);
	return text;
}

static char *draw_from(FILE *script)
{
	int ends[2], status = -1;
	char *svg = NULL;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return NULL;
	pid = start(script, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		svg = read_all(ends[0]);
		waitpid(pid, &status, 0);
	}
	close(ends[0]);
	if (svg && !status && strstr(svg, "</svg>"))
		return svg;
	free(svg);
	return NULL;
}

char *svg_draw(const char *script)
{
	FILE *file = tmpfile();
	char *svg;

	if (!file)
		return NULL;
	fputs(script, file);
	rewind(file);
	svg = draw_from(file);
	fclose(file);
	return svg;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Behind the next @end, or at the end of all. */
static const char *behind(const char *text, const char *end)
{
	const char *found = strstr(text, end);

	return found ? found + strlen(end) : text + strlen(text);
}

/* Behind an attribute: name="value". */
static const char *behind_attribute(const char *text)
{
	const char *quote = strpbrk(text, "\"'");

	return quote ? behind(quote + 1, (char[]){ *quote, 0 }) : text + strlen(text);
}

/* A group with nothing in it, of which gnuplot writes many. */
static const char *behind_empty_group(const char *text)
{
	const char *end = strchr(text, '>');

	if (!end)
		return NULL;
	for (end++; isspace((unsigned char)*end); end++)
		;
	return begins(end, "</g>") ? end + strlen("</g>") : NULL;
}

/* What is left out: the place behind it, or NULL. */
static const char *behind_needless(const char *text)
{
	static const char *const elements[][2] = {
		{ "<title>", "</title>" }, { "<desc>", "</desc>" },
		{ "<defs>", "</defs>" }, { "<filter", "</filter>" },
	};

	for (size_t i = 0; i < sizeof(elements) / sizeof(*elements); i++)
		if (begins(text, elements[i][0]))
			return behind(text, elements[i][1]);
	return begins(text, "<g ") ? behind_empty_group(text) : NULL;
}

/* The same for attributes. */
static const char *behind_needless_attribute(const char *text)
{
	static const char *const attributes[] = {
		"xmlns", "id=\"gnuplot", "color=\"black\"", "color=\"white\"", "color=\"gray\"",
		"font-family=", "stroke-linecap=", "stroke-linejoin=",
	};

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++)
		if (begins(text, attributes[i]))
			return behind_attribute(text);
	return NULL;
}

static void write_colour(FILE *out, int red, int green, int blue)
{
	if (red == SVG_GRID && green == red)
		fputs("var(--grid)", out);
	else if (!red || green || red != blue || red >= SVG_PARTS_END)
		fputs("currentColor", out);
	else if (red <= SVG_STYLES)
		fprintf(out, "var(--s%d)", red);
	else if (red == SVG_REFERENCE)
		fputs("var(--ref)", out);
	else
		fprintf(out, "var(--b%d)", red - SVG_PARTS + 1);
}

/* What is said otherwise: the place behind it. */
static const char *replace(FILE *out, const char *text)
{
	int red, green, blue;

	if (sscanf(text, "rgb(%d ,%d ,%d)", &red, &green, &blue) == 3) {
		write_colour(out, red, green, blue);
		return behind(text, ")");
	}
	if (begins(text, "xlink:href"))
		return text + strlen("xlink:");
	if (begins(text, "\"black\"")) {
		fputs("\"currentColor\"", out);
		return text + strlen("\"black\"");
	}
	return NULL;
}

/* In a tag: the next attribute or value that does not stay as it is, or NULL. */
static const char *change(FILE *out, const char *text)
{
	const char *next = behind_needless_attribute(text);

	return next ? next : replace(out, text);
}

static void adopt_body(FILE *out, const char *text)
{
	bool in_tag = false;

	while (*text) {
		const char *next = in_tag ? change(out, text) : behind_needless(text);

		if (next) {
			text = next;
			continue;
		}
		in_tag = *text == '<' || (in_tag && *text != '>');
		/* Of space between elements one is enough. */
		if (!isspace((unsigned char)*text) || !isspace((unsigned char)text[1]))
			fputc(*text == '\t' ? ' ' : *text, out);
		text++;
	}
}

/* The shapes that lines are marked with; all plots refer to them by the same names. */
static void adopt_marks(FILE *out, const char *svg)
{
	const char *defs = strstr(svg, "<defs>");
	const char *end = defs ? strstr(defs, "<filter") : NULL;
	char *marks = end ? strndup(defs + strlen("<defs>"), end - defs - strlen("<defs>")) : NULL;

	if (!marks)
		return;
	fputs("<defs>", out);
	adopt_body(out, marks);
	fputs("</defs>", out);
	free(marks);
}

void svg_adopt(FILE *out, const char *svg, const char *label, bool with_marks)
{
	const char *start = strstr(svg, "<svg");
	const char *inside = start ? strchr(start, '>') : NULL;
	const char *box = start ? strstr(start, "viewBox=") : NULL;

	if (!inside || !box || box > inside)
		return;
	fputs("<svg role=\"img\" aria-label=\"", out);
	html_text(out, label);
	fprintf(out, "\" %.*s>", (int)(behind_attribute(box) - box), box);
	if (with_marks)
		adopt_marks(out, svg);
	adopt_body(out, inside + 1);
	fputc('\n', out);
}
