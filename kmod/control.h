/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/kmq/control */
#ifndef _KMQ_CONTROL_H
#define _KMQ_CONTROL_H

int kmq_control_init(void);
void kmq_control_exit(void);

#endif /* _KMQ_CONTROL_H */
