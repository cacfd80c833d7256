/* Feeds targets with files, with any compiler: fuzz_replay TARGET FILE..., or fuzz_replay --corpus FOLDER for all
 * targets with what lies in FOLDER/TARGET/. */
#include <thalweg/core.h>

#include <dirent.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static bool replay_file(const fuzz_target *target, const char *file)
{
	FILE *stream = fopen(file, "rb");
	if (!stream) return fprintf(stderr, "fuzz_replay: %s cannot be opened\n", file), false;
	fseek(stream, 0, SEEK_END);
	long size = ftell(stream);
	rewind(stream);
	uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
	bool read = bytes && size >= 0 && fread(bytes, 1, (size_t)size, stream) == (size_t)size;
	fclose(stream);
	if (read) target->run(bytes, (size_t)size);
	free(bytes);
	if (!read) fprintf(stderr, "fuzz_replay: %s cannot be read\n", file);
	return read;
}

/* A file that ends the process is told from the line before: each is named first. */
static bool replay_folder(const fuzz_target *target, const char *corpus)
{
	char folder[4096], file[8192];
	struct dirent **entry;
	bool good = true;
	snprintf(folder, sizeof folder, "%s/%s", corpus, target->name);
	int count = scandir(folder, &entry, NULL, alphasort), files = 0;
	if (count < 0) return fprintf(stderr, "fuzz_replay: there is no folder %s\n", folder), false;
	for (int i = 0; i < count; i++) {
		if (entry[i]->d_name[0] != '.') {
			printf("%s/%s\n", target->name, entry[i]->d_name);
			fflush(stdout);
			snprintf(file, sizeof file, "%s/%s", folder, entry[i]->d_name);
			good = replay_file(target, file) && good;
			files++;
		}
		free(entry[i]);
	}
	free(entry);
	if (files == 0) fprintf(stderr, "fuzz_replay: %s holds no inputs\n", folder);
	return good && files > 0;
}

int main(int argc, char **argv)
{
	bool good = argc == 3 || (argc > 2 && strcmp(argv[1], "--corpus") != 0);
	tw_log_setup(0, 1, true, false);
	H5dont_atexit(); /* as the program does */
	const fuzz_target *target = good ? fuzz_target_find(argv[1]) : NULL;
	if (good && target) {
		for (int i = 2; i < argc; i++) good = replay_file(target, argv[i]) && good;
	} else if (good && strcmp(argv[1], "--corpus") == 0) {
		for (int i = 0; fuzz_target_of(i); i++) good = replay_folder(fuzz_target_of(i), argv[2]) && good;
	} else {
		fputs("usage: fuzz_replay TARGET FILE...\n       fuzz_replay --corpus FOLDER\ntargets:", stderr);
		for (int i = 0; fuzz_target_of(i); i++) fprintf(stderr, " %s", fuzz_target_of(i)->name);
		fputs("\n", stderr);
		return 2;
	}
	return good ? 0 : 1;
}
