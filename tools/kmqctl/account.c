// SPDX-License-Identifier: GPL-2.0-only
#include <grp.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdlib.h>

#include "account.h"
#include "memory.h"

static struct json_object *name_or_number(const char *name, unsigned int number)
{
	char *text = name ? NULL : memory_print("%u", number);
	struct json_object *value = json_object_new_string(name ? name : text);

	free(text);
	return value;
}

/*
 * A list of queues asks for the same few again and again, and each question may
 * read a file or ask a server.
 */
struct json_object *account_user(uid_t uid)
{
	static struct json_object *last;
	static uid_t last_uid;

	if (!last || uid != last_uid) {
		const struct passwd *user = getpwuid(uid);

		json_object_put(last);
		last = name_or_number(user ? user->pw_name : NULL, uid);
		last_uid = uid;
	}
	return json_object_get(last);
}

struct json_object *account_group(gid_t gid)
{
	static struct json_object *last;
	static gid_t last_gid;

	if (!last || gid != last_gid) {
		const struct group *group = getgrgid(gid);

		json_object_put(last);
		last = name_or_number(group ? group->gr_name : NULL, gid);
		last_gid = gid;
	}
	return json_object_get(last);
}
