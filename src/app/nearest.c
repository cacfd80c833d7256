/* The nearest name, for "did you mean". */
#include "app/app.h"

#include <string.h>

enum { LONGEST = 64 };

static int smaller(int a, int b) { return a < b ? a : b; }

/* Number of insertions, deletions and replacements between two words (Levenshtein). */
static int distance(const char *a, const char *b)
{
	int row[LONGEST + 1], columns = (int)strlen(b);
	if (columns > LONGEST) return LONGEST;
	for (int j = 0; j <= columns; j++) row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		int diagonal = row[0];
		row[0] = i;
		for (int j = 1; j <= columns; j++) {
			int replaced = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = smaller(replaced, 1 + smaller(row[j], row[j - 1]));
		}
	}
	return row[columns];
}

const char *app_nearest(const char *text, const char *const *names)
{
	const char *nearest = NULL;
	int best = 1 + (int)strlen(text) / 2;
	for (int i = 0; names[i]; i++) {
		int far = distance(text, names[i]);
		if (far >= best) continue;
		best = far;
		nearest = names[i];
	}
	return nearest;
}
