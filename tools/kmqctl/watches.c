// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "clock.h"
#include "watches.h"

#define NS_PER_MS	(NS_PER_SECOND / 1000)

const struct option_spec watch_options[] = {
	{ OPTION_HIGH_WATERMARK, "high-watermark", "N|N%|off",
	  "tell listeners when it holds N messages, or so much of its capacity" },
	{ OPTION_LOW_WATERMARK, "low-watermark", "N|N%|off",
	  "and when it is down to N again (half of the high one)" },
	{ OPTION_LEASE_LIMIT, "lease-limit", "TIME|off",
	  "tell them when a message is leased for longer: 500ms, 30s, 5m, at most 1d" },
	{ OPTION_HISTOGRAM, "histogram", "on|off",
	  "take the times of messages, which 'kmqctl stats' draws" },
	{ 0 },
};

static int take_mark(const struct command *self, const char *option, struct parse_mark *mark,
		     bool *has)
{
	*has = true;
	if (!parse_mark(optarg, mark))
		return STATUS_OK;
	return command_bad_argument(self, option, optarg,
				    "a number of messages, a percentage such as 80%, or off");
}

static int take_lease_limit(const struct command *self, struct kmq_nl_settings *settings)
{
	uint64_t ns;

	settings->has |= KMQ_NL_BIT(KMQ_A_LEASE_LIMIT);
	if (!strcmp(optarg, "off"))
		return STATUS_OK;
	if (parse_duration(optarg, &ns) || ns < NS_PER_MS ||
	    ns > KMQ_LEASE_LIMIT_MAX * NS_PER_MS)
		return command_bad_argument(self, "lease-limit", optarg,
					    "a time from 1ms to 1d, such as 30s, or off");
	settings->lease_limit = (uint32_t)(ns / NS_PER_MS);
	return STATUS_OK;
}

static int take_histogram(const struct command *self, struct kmq_nl_settings *settings)
{
	bool on = !strcmp(optarg, "on");

	if (!on && strcmp(optarg, "off"))
		return command_bad_argument(self, "histogram", optarg, "on or off");
	settings->has |= KMQ_NL_BIT(KMQ_A_HISTOGRAM);
	settings->histogram = on;
	return STATUS_OK;
}

bool watches_option(struct watches *watches, const struct command *self, int code, int *status)
{
	switch (code) {
	case OPTION_HIGH_WATERMARK:
		*status = take_mark(self, "high-watermark", &watches->high, &watches->has_high);
		return true;
	case OPTION_LOW_WATERMARK:
		*status = take_mark(self, "low-watermark", &watches->low, &watches->has_low);
		return true;
	case OPTION_LEASE_LIMIT:
		*status = take_lease_limit(self, &watches->settings);
		return true;
	case OPTION_HISTOGRAM:
		*status = take_histogram(self, &watches->settings);
		return true;
	}
	return false;
}

bool watches_any(const struct watches *watches)
{
	return watches->settings.has || watches->has_high || watches->has_low;
}

bool watches_want_whole(const struct watches *watches)
{
	return (watches->has_high && watches->high.percent) ||
	       (watches->has_low && watches->low.percent);
}

static uint32_t mark_of(const struct parse_mark *mark, uint64_t whole)
{
	uint64_t value = mark->percent ? whole * mark->value / 100 : mark->value;

	/* A percentage is not to be off because the queue is small. */
	if (mark->percent && mark->value && !value)
		value = 1;
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

void watches_settle(struct watches *watches, uint64_t whole)
{
	struct kmq_nl_settings *settings = &watches->settings;

	if (watches->has_high) {
		settings->has |= KMQ_NL_BIT(KMQ_A_HIGH_WATERMARK);
		settings->high_watermark = mark_of(&watches->high, whole);
	}
	/* One without the other would have the low one above the high one, or forgotten. */
	if (watches->has_high && !watches->has_low) {
		settings->has |= KMQ_NL_BIT(KMQ_A_LOW_WATERMARK);
		settings->low_watermark = settings->high_watermark / 2;
	}
	if (watches->has_low) {
		settings->has |= KMQ_NL_BIT(KMQ_A_LOW_WATERMARK);
		settings->low_watermark = mark_of(&watches->low, whole);
	}
}
