/* app/thesis/audit_kept.h: the certificates of an audit for its next call, in the file certificates.kept, which belongs
 * to the end points it was made of and to this revision of the program. Rank 0 only, no collectives. */
#ifndef THALWEG_APP_THESIS_AUDIT_KEPT_H
#define THALWEG_APP_THESIS_AUDIT_KEPT_H

#include <thalweg/report.h>

typedef struct {
	char key[65];        /* of the end points and the program */
	tw_certified *point; /* `count` of them, in the order of runs; NULL: none are kept. tw_free */
	int64_t count;
} audit_kept;

/* Looks for the certificates of `count` end points. models: their models.h5. A file that belongs to other end points,
 * to another revision or is damaged counts as none, with a note. */
tw_status audit_kept_read(const char *folder, const char *models, int64_t count, audit_kept *out);
/* Keeps these, also where some are not judged yet. */
tw_status audit_kept_write(const char *folder, const audit_kept *kept, const tw_certified *point);

#endif
