/* What the library's files know of each other. */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include "guest.h"

/* Room for the thread control block and what its alignment may cost. */
enum { TCB_AREA = 64 };

size_t tls_size(void);
void tls_install(void *area);
void thread_begin_initial(cloudabi_tid_t tid);
/* Finds the calls in the vDSO (final generation; nothing to do in 2015). */
void calls_begin(const void *vdso);

#endif
