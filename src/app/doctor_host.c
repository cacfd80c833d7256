/* Checks of the hosts and of what is installed: instruction set, BLIS, clocks, data, gnuplot. */
#include "app/doctor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "report/figure.h"

enum { FEW_SECONDS = 1 };

void doctor_instructions(const doctor_view *view, doctor_finding *out)
{
	const char *first = view->facts[0].instructions, *forced = getenv("THALWEG_ISA");
	for (int r = 1; r < view->ranks; r++) {
		if (strcmp(view->facts[r].instructions, first) == 0) continue;
		doctor_find(out, DOCTOR_FAILURE, "set THALWEG_ISA to the lesser of them on all ranks",
		            "rank 0 uses %s, rank %d %s: results would depend on which rank computes what", first, r,
		            view->facts[r].instructions);
		return;
	}
	if (forced && *forced)
		doctor_find(out, DOCTOR_OK, NULL, "%s, as THALWEG_ISA says", first);
	else if (strcmp(first, "baseline") == 0)
		doctor_find(out, DOCTOR_WARNING, "take a processor with AVX2 where there is one",
		            "%s: the processor has neither AVX-512 nor AVX2", first);
	else
		doctor_find(out, DOCTOR_OK, NULL, "%s", first);
}

void doctor_kernels(const doctor_view *view, doctor_finding *out)
{
	for (int r = 0; r < view->ranks; r++) {
		const char *text = view->facts[r].kernels;
		if (strstr(text, "kernels generic")) {
			doctor_find(out, DOCTOR_WARNING, "take a BLIS that was built for this processor (or for x86_64)",
			            "rank %d: %s: large layers are several times slower", r, text);
			return;
		}
		if (strcmp(text, view->facts[0].kernels) == 0) continue;
		doctor_find(out, DOCTOR_WARNING, "use hosts of one kind, or set BLIS_ARCH_TYPE",
		            "rank 0 has %s, rank %d %s: bits may depend on the layout", view->facts[0].kernels, r, text);
		return;
	}
	doctor_find(out, DOCTOR_OK, NULL, "%s", view->facts[0].kernels);
}

void doctor_clocks(const doctor_view *view, doctor_finding *out)
{
	static const char remedy[] =
	    "synchronise the clocks of the hosts (chrony, ntpd): --max-seconds and the times of files are misleading";
	int hosts = doctor_count_hosts(view), worst = 0;
	double most = 0, wide = 0;
	for (int r = 1; r < view->ranks; r++) {
		if (tw_same_host(&view->place[r], &view->place[0])) continue;
		const doctor_facts *facts = &view->facts[r];
		/* What is certain: 0 where the clocks may agree. */
		double ahead = facts->skew_low > 0 ? facts->skew_low : facts->skew_high < 0 ? -facts->skew_high : 0;
		double width = facts->skew_high - facts->skew_low;
		if (width > wide) wide = width;
		if (ahead <= most) continue;
		most = ahead;
		worst = r;
	}
	if (hosts == 1)
		doctor_find(out, DOCTOR_OK, NULL, "one host, one clock");
	else if (most > FEW_SECONDS)
		doctor_find(out, DOCTOR_WARNING, remedy, "host %s is at least %.3f s %s rank 0's host", view->place[worst].host,
		            most, view->facts[worst].skew_low > 0 ? "ahead of" : "behind");
	else
		doctor_find(out, DOCTOR_OK, NULL, "the clocks of %d hosts agree as far as can be told: to %.3f s", hosts,
		            wide / 2);
}

void doctor_data(const doctor_view *view, doctor_finding *out)
{
	struct stat info;
	if (view->file && *view->needs.data_error)
		doctor_find(out, DOCTOR_FAILURE, NULL, "%s", view->needs.data_error);
	else if (view->file)
		doctor_find(out, DOCTOR_OK, NULL, "%s", view->needs.data_text);
	else if (stat(view->data, &info) == 0 && S_ISDIR(info.st_mode))
		doctor_find(out, DOCTOR_OK, NULL, "the folder %s is there", view->data);
	else
		doctor_find(out, DOCTOR_WARNING, "where they are wanted: scripts/fetch_data.sh, or set data.path",
		            "no folder %s: the presets mnist, mnist36 and california are not at hand", view->data);
}

void doctor_gnuplot(const doctor_view *view, doctor_finding *out)
{
	(void)view;
	if (tw_figure_check() == TW_OK)
		doctor_find(out, DOCTOR_OK, NULL, "there, with svg and pngcairo");
	else
		doctor_find(out, DOCTOR_WARNING, NULL, "%s", tw_message());
}
