/* The experiments and figures by name, and the files they need. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/thesis/request.h"

/* In the order of the report of `all`. */
static const thesis_experiment *const experiments[] = {
    &thesis_figures, &thesis_local_minima, &thesis_efficiency, &thesis_gradient_norm,
    &thesis_methods, &thesis_theory,       &thesis_audit,
};
enum { EXPERIMENTS = sizeof experiments / sizeof *experiments, MOST_NAMES = 64, LINE_COLUMNS = 100, LINE_START = 18 };

/* ---- choosing ------------------------------------------------------------------------------------------------ */

static const thesis_experiment *find(const char *name)
{
	const thesis_experiment *figure;
	for (int i = 0; i < EXPERIMENTS; i++)
		if (strcmp(experiments[i]->name, name) == 0) return experiments[i];
	for (int i = 0; (figure = thesis_figure_of(i)); i++)
		if (strcmp(figure->name, name) == 0) return figure;
	return NULL;
}

static tw_status unknown(const char *name)
{
	const char *names[MOST_NAMES + 1] = {"all"};
	const thesis_experiment *figure;
	int count = 1;
	for (int i = 0; i < EXPERIMENTS; i++) names[count++] = experiments[i]->name;
	for (int i = 0; count < MOST_NAMES && (figure = thesis_figure_of(i)); i++) names[count++] = figure->name;
	const char *nearest = app_nearest(name, names);
	if (!nearest) return tw_fail(TW_USAGE, "unknown experiment `%s`; `thalweg thesis` lists them", name);
	return tw_fail(TW_USAGE, "unknown experiment `%s`; did you mean `%s`?", name, nearest);
}

tw_status thesis_choose(thesis_request *request)
{
	if (strcmp(request->name, "all") == 0) {
		for (int i = 0; i < EXPERIMENTS; i++) request->chosen[request->count++] = experiments[i];
		return TW_OK;
	}
	const thesis_experiment *one = find(request->name);
	if (!one) return unknown(request->name);
	request->chosen[request->count++] = one;
	return TW_OK;
}

/* ---- the list ------------------------------------------------------------------------------------------------ */

/* Words behind a first one, in lines that begin under it. */
static void print_words(const char *first, const char *text)
{
	int column = printf("  %-15s %s", "", first);
	for (size_t length; *text; text += length, text += strspn(text, " ")) {
		length = strcspn(text, " ");
		if (column > LINE_START && column + 1 + (int)length > LINE_COLUMNS) column = printf("\n  %-15s ", "") - 1;
		column += printf("%s%.*s", column > LINE_START ? " " : "", (int)length, text);
	}
	putchar('\n');
}

static void print_experiment(const thesis_experiment *experiment)
{
	printf("  %-15s %s\n", experiment->name, experiment->title);
	if (experiment->brief) print_words("", experiment->brief);
	if (experiment->reduced) print_words("quick:", experiment->reduced);
	if (!experiment->data || !*experiment->data) return;
	printf("  %-15s needs", "");
	for (int i = 0; experiment->data[i]; i++) printf("%s %s", i ? "," : "", experiment->data[i]);
	putchar('\n');
}

void thesis_list(void)
{
	const thesis_experiment *figure;
	puts("experiments:");
	for (int i = 0; i < EXPERIMENTS; i++) print_experiment(experiments[i]);
	printf("  %-15s all of these, in one report\n", "all");
	puts("figures, one by one:");
	for (int i = 0; (figure = thesis_figure_of(i)); i++) printf("  %-15s %s\n", figure->name, figure->title);
	puts("\nthalweg thesis NAME --output DIR runs one of them; thalweg thesis --help shows the options");
}

/* ---- data ---------------------------------------------------------------------------------------------------- */

static bool is_there(const char *folder, const char *name, size_t length)
{
	char *path = NULL, file[256];
	snprintf(file, sizeof file, "%.*s", (int)length, name);
	if (tw_folder_path(folder, file, &path) != TW_OK) return false;
	const bool there = access(path, R_OK) == 0;
	tw_free(path);
	return there;
}

/* A fetched file may lie in its folder or in that of the data, compressed or not. */
static bool has(const char *folder, const char *name)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	const size_t length = strlen(name), tail = length > 3 && strcmp(name + length - 3, ".gz") == 0 ? 3 : 0;
	return is_there(folder, name, length) || is_there(folder, name, length - tail) ||
	       is_there(folder, base, strlen(base)) || is_there(folder, base, strlen(base) - tail);
}

tw_status thesis_check_data(const thesis_request *request)
{
	for (int i = 0; i < request->count; i++) {
		const char *const *data = request->chosen[i]->data;
		for (int k = 0; data && data[k]; k++)
			TW_CHECK(has(request->data, data[k]), TW_IO,
			         "%s/%s: not found, and %s needs it; fetch it with: scripts/fetch_data.sh %s (or name the folder "
			         "that has it with --data DIR)",
			         request->data, data[k], request->chosen[i]->name, request->data);
	}
	return TW_OK;
}
