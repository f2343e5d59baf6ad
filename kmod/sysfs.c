// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue in sysfs: one file per word, read afresh each time. Settings are
 * anybody's to read; counts are for whom the queue's mode lets read it, and its
 * owner.
 *
 * A read does not outlive the queue: the files go with the device, and that waits
 * for who reads, before the registry lets go of the queue. It waits under the
 * registry's lock, which therefore nothing here may take.
 */
#include <linux/device.h>
#include <linux/kmq.h>

#include "registry.h"
#include "stats.h"
#include "sysfs.h"

enum kmq_format { KMQ_U32, KMQ_U64, KMQ_OCTAL, KMQ_NAMES };

/**
 * struct kmq_file_word - a file
 * @attribute: of the device
 * @offset: of the word in struct kmq_description
 * @format: enum kmq_format
 * @names: of the values, with KMQ_NAMES; the last is NULL
 */
struct kmq_file_word {
	struct device_attribute attribute;
	u16 offset;
	u8 format;
	const char *const *names;
};

static const char *const kmq_kind_names[] = { "message", "ring", NULL };
static const char *const kmq_lifetime_names[] = { "persistent", "ephemeral",
						  NULL };
static const char *const kmq_policy_names[] = { "block", "reject",
						"drop-newest", "drop-oldest",
						NULL };
static const char *const kmq_ring_mode_names[] = { "spsc", "mpsc", "mpmc",
						   "broadcast", NULL };

static int kmq_emit_name(char *to, const char *const *names, u32 value)
{
	u32 i;

	for (i = 0; names[i]; i++)
		if (i == value)
			return sysfs_emit(to, "%s\n", names[i]);
	return sysfs_emit(to, "%u\n", value);
}

static int kmq_emit(char *to, const struct kmq_file_word *word,
		    const struct kmq_description *description)
{
	const void *at = (const u8 *)description + word->offset;

	switch (word->format) {
	case KMQ_U64:
		return sysfs_emit(to, "%llu\n", *(const u64 *)at);
	case KMQ_OCTAL:
		return sysfs_emit(to, "%04o\n", *(const u32 *)at);
	case KMQ_NAMES:
		return kmq_emit_name(to, word->names, *(const u32 *)at);
	default:
		return sysfs_emit(to, "%u\n", *(const u32 *)at);
	}
}

static ssize_t kmq_file_show(struct device *device,
			     struct device_attribute *attribute, char *to)
{
	const struct kmq_file_word *word =
		container_of(attribute, struct kmq_file_word, attribute);
	struct kmq_description description;
	ssize_t length;

	kmq_describe_queue(kmq_node_queue(device), &description);
	length = kmq_emit(to, word, &description);
	kmq_description_put(&description);
	return length;
}

static ssize_t histogram_show(struct device *device,
			      struct device_attribute *attribute, char *to)
{
	struct kmq_queue *queue = kmq_node_queue(device);

	return sysfs_emit(to, "%u\n", READ_ONCE(queue->watch.histogram));
}
static DEVICE_ATTR_RO(histogram);

#define KMQ_FILE(label, field, form, list)				\
	static struct kmq_file_word kmq_file_##label = {		\
		.attribute = __ATTR(label, 0444, kmq_file_show, NULL),	\
		.offset = offsetof(struct kmq_description, field),	\
		.format = form,						\
		.names = list,						\
	}

#define KMQ_INFO32(label) KMQ_FILE(label, info.label, KMQ_U32, NULL)
#define KMQ_INFO64(label) KMQ_FILE(label, info.label, KMQ_U64, NULL)

KMQ_INFO32(id);
KMQ_FILE(kind, info.kind, KMQ_NAMES, kmq_kind_names);
KMQ_FILE(policy, info.policy, KMQ_NAMES, kmq_policy_names);
KMQ_FILE(lifetime, info.lifetime, KMQ_NAMES, kmq_lifetime_names);
KMQ_INFO32(max_message);
KMQ_INFO64(byte_limit);
KMQ_FILE(mode, info.mode, KMQ_OCTAL, NULL);
KMQ_INFO64(created);
KMQ_INFO32(capacity);
KMQ_INFO32(inline_size);
KMQ_FILE(high_watermark, watch.high, KMQ_U32, NULL);
KMQ_FILE(low_watermark, watch.low, KMQ_U32, NULL);
KMQ_FILE(lease_limit, watch.lease_limit, KMQ_U32, NULL);
KMQ_FILE(ring_mode, info.ring_mode, KMQ_NAMES, kmq_ring_mode_names);

KMQ_INFO64(bytes);
KMQ_INFO64(queued);
KMQ_INFO64(sent);
KMQ_INFO64(received);
KMQ_INFO64(dropped);
KMQ_INFO64(purged);
KMQ_INFO64(rejected);
KMQ_INFO32(blocked_senders);
KMQ_INFO32(blocked_receivers);
KMQ_INFO32(descriptors);
KMQ_INFO64(leased);
KMQ_INFO64(returned);
KMQ_INFO64(calls);
KMQ_INFO64(replies);
KMQ_INFO64(peak);
KMQ_INFO32(blocked_callers);
KMQ_INFO64(abandoned);
KMQ_INFO32(attachments);
KMQ_INFO32(deaths);
KMQ_INFO32(ring_flags);

#define KMQ_ATTRIBUTE(label) (&kmq_file_##label.attribute.attr)

static struct attribute *kmq_settings[] = {
	KMQ_ATTRIBUTE(id),
	KMQ_ATTRIBUTE(kind),
	KMQ_ATTRIBUTE(policy),
	KMQ_ATTRIBUTE(lifetime),
	KMQ_ATTRIBUTE(max_message),
	KMQ_ATTRIBUTE(byte_limit),
	KMQ_ATTRIBUTE(mode),
	KMQ_ATTRIBUTE(created),
	NULL
};

static struct attribute *kmq_message_settings[] = {
	KMQ_ATTRIBUTE(capacity),
	KMQ_ATTRIBUTE(inline_size),
	KMQ_ATTRIBUTE(high_watermark),
	KMQ_ATTRIBUTE(low_watermark),
	KMQ_ATTRIBUTE(lease_limit),
	&dev_attr_histogram.attr,
	NULL
};

static struct attribute *kmq_ring_settings[] = {
	KMQ_ATTRIBUTE(ring_mode),
	NULL
};

static struct attribute *kmq_counts[] = {
	KMQ_ATTRIBUTE(bytes),
	KMQ_ATTRIBUTE(queued),
	KMQ_ATTRIBUTE(sent),
	KMQ_ATTRIBUTE(received),
	KMQ_ATTRIBUTE(dropped),
	KMQ_ATTRIBUTE(purged),
	KMQ_ATTRIBUTE(rejected),
	KMQ_ATTRIBUTE(blocked_senders),
	KMQ_ATTRIBUTE(blocked_receivers),
	KMQ_ATTRIBUTE(descriptors),
	NULL
};

static struct attribute *kmq_message_counts[] = {
	KMQ_ATTRIBUTE(leased),
	KMQ_ATTRIBUTE(returned),
	KMQ_ATTRIBUTE(calls),
	KMQ_ATTRIBUTE(replies),
	KMQ_ATTRIBUTE(peak),
	KMQ_ATTRIBUTE(blocked_callers),
	NULL
};

static struct attribute *kmq_ring_counts[] = {
	KMQ_ATTRIBUTE(abandoned),
	KMQ_ATTRIBUTE(attachments),
	KMQ_ATTRIBUTE(deaths),
	KMQ_ATTRIBUTE(ring_flags),
	NULL
};

/* NULL: the device is no queue's. */
static const struct kmq_queue *kmq_queue_of(struct kobject *kobject)
{
	return kmq_node_queue(kobj_to_dev(kobject));
}

/* The queue's owner and mode are as they are while its node is being made. */
static umode_t kmq_count_mode(const struct kmq_queue *queue)
{
	return 0400 | (queue->mode & 0044);
}

static umode_t kmq_show_setting(struct kobject *kobject,
				struct attribute *attribute, int i)
{
	return kmq_queue_of(kobject) ? attribute->mode : 0;
}

static umode_t kmq_show_message_setting(struct kobject *kobject,
					struct attribute *attribute, int i)
{
	const struct kmq_queue *queue = kmq_queue_of(kobject);

	return queue && !queue->ring ? attribute->mode : 0;
}

static umode_t kmq_show_ring_setting(struct kobject *kobject,
				     struct attribute *attribute, int i)
{
	const struct kmq_queue *queue = kmq_queue_of(kobject);

	return queue && queue->ring ? attribute->mode : 0;
}

static umode_t kmq_show_count(struct kobject *kobject,
			      struct attribute *attribute, int i)
{
	const struct kmq_queue *queue = kmq_queue_of(kobject);

	return queue ? kmq_count_mode(queue) : 0;
}

static umode_t kmq_show_message_count(struct kobject *kobject,
				      struct attribute *attribute, int i)
{
	const struct kmq_queue *queue = kmq_queue_of(kobject);

	return queue && !queue->ring ? kmq_count_mode(queue) : 0;
}

static umode_t kmq_show_ring_count(struct kobject *kobject,
				   struct attribute *attribute, int i)
{
	const struct kmq_queue *queue = kmq_queue_of(kobject);

	return queue && queue->ring ? kmq_count_mode(queue) : 0;
}

static const struct attribute_group kmq_settings_group = {
	.attrs = kmq_settings,
	.is_visible = kmq_show_setting,
};

static const struct attribute_group kmq_message_settings_group = {
	.attrs = kmq_message_settings,
	.is_visible = kmq_show_message_setting,
};

static const struct attribute_group kmq_ring_settings_group = {
	.attrs = kmq_ring_settings,
	.is_visible = kmq_show_ring_setting,
};

static const struct attribute_group kmq_counts_group = {
	.attrs = kmq_counts,
	.is_visible = kmq_show_count,
};

static const struct attribute_group kmq_message_counts_group = {
	.attrs = kmq_message_counts,
	.is_visible = kmq_show_message_count,
};

static const struct attribute_group kmq_ring_counts_group = {
	.attrs = kmq_ring_counts,
	.is_visible = kmq_show_ring_count,
};

const struct attribute_group *kmq_sysfs_groups[] = {
	&kmq_settings_group,
	&kmq_message_settings_group,
	&kmq_ring_settings_group,
	&kmq_counts_group,
	&kmq_message_counts_group,
	&kmq_ring_counts_group,
	NULL
};
