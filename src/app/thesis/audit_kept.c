#include "app/thesis/audit_kept.h"

#include <stdio.h>
#include <string.h>

#include <thalweg/version.h>

#include "report/folder.h"
#include "run/file.h"

static const char file_name[] = "certificates.kept";

/* What stands before the certificates, which are as in memory. */
typedef struct {
	char key[65], sum[65]; /* sum: SHA-256 of the certificates */
} kept_head;

/* Of the bytes of models.h5, the program and the form of a certificate in it. */
static tw_status make_key(const char *models, char key[65])
{
	char *bytes = NULL, text[256], sum[65];
	size_t size;
	TW_TRY(tw_file_read(models, &bytes, &size));
	tw_sha256(bytes, size, sum);
	tw_free(bytes);
	const int length =
	    snprintf(text, sizeof text, "%s %s %s %zu", sum, TW_VERSION, TW_GIT_REVISION, sizeof(tw_certified));
	tw_sha256(text, (size_t)length, key);
	return TW_OK;
}

static bool is_whole(const char *bytes, size_t size, const audit_kept *kept)
{
	kept_head head;
	char sum[65];
	const size_t room = (size_t)kept->count * sizeof *kept->point;
	if (size != sizeof head + room) return false;
	memcpy(&head, bytes, sizeof head);
	tw_sha256(bytes + sizeof head, room, sum);
	return memcmp(head.key, kept->key, sizeof head.key) == 0 && memcmp(head.sum, sum, sizeof sum) == 0;
}

tw_status audit_kept_read(const char *folder, const char *models, int64_t count, audit_kept *out)
{
	char *path = NULL, *bytes = NULL;
	size_t size;
	*out = (audit_kept){.count = count};
	TW_TRY(make_key(models, out->key));
	if (!tw_folder_has(folder, file_name)) return TW_OK;
	TW_TRY(tw_folder_path(folder, file_name, &path));
	tw_status status = tw_file_read(path, &bytes, &size);
	if (status == TW_OK && !is_whole(bytes, size, out)) {
		tw_log(TW_LOG_NOTE, "%s: of other end points, another revision, or damaged; the audit begins anew", path);
	} else if (status == TW_OK) {
		status = tw_alloc_array((void **)&out->point, count, sizeof *out->point, "certificates");
		if (status == TW_OK) memcpy(out->point, bytes + sizeof(kept_head), (size_t)count * sizeof *out->point);
	}
	tw_free(bytes);
	tw_free(path);
	return status;
}

tw_status audit_kept_write(const char *folder, const audit_kept *kept, const tw_certified *point)
{
	const size_t room = (size_t)kept->count * sizeof *point;
	kept_head head;
	void *bytes = NULL;
	TW_TRY(tw_alloc(&bytes, sizeof head + room, "certificates"));
	memcpy(head.key, kept->key, sizeof head.key);
	tw_sha256(point, room, head.sum);
	memcpy(bytes, &head, sizeof head);
	memcpy((char *)bytes + sizeof head, point, room);
	tw_status status = tw_file_write(folder, file_name, bytes, sizeof head + room);
	tw_free(bytes);
	return status;
}
