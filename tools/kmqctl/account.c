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

struct json_object *account_user(uid_t uid)
{
	const struct passwd *user = getpwuid(uid);

	return name_or_number(user ? user->pw_name : NULL, uid);
}

struct json_object *account_group(gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return name_or_number(group ? group->gr_name : NULL, gid);
}
