/* What the workers of a sweep spent their time on. */
#include <thalweg/report.h>

#include <inttypes.h>
#include <stdio.h>

static void add(tw_worker_times *sum, const tw_worker_times *of)
{
	sum->runs += of->runs;
	sum->seconds += of->seconds;
	sum->busy += of->busy;
	sum->queue += of->queue;
	sum->waiting += of->waiting;
}

static double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

static void print_row(const char *name, const tw_worker_times *of, int workers)
{
	printf("%-20s%8" PRId64 "%10.2f%10.2f%10.4f%10.2f%9.1f %%\n", name, of->runs, of->seconds / workers, of->busy,
	       of->queue, of->waiting, percent(of->waiting, of->seconds));
}

static void print_workers(const tw_sweep_summary *summary)
{
	char name[48];
	for (int w = 0; w < summary->workers; w++) {
		const tw_worker_times *of = &summary->worker[w];
		snprintf(name, sizeof name, "rank %d, thread %d", of->rank, of->thread);
		print_row(name, of, 1);
	}
}

/* Groups of ranks_per_run ranks share their runs; a group of one worker has its row already. */
static void print_groups(const tw_sweep_plan *plan, const tw_sweep_summary *summary)
{
	const int size = plan->ranks_per_run > 0 ? plan->ranks_per_run : 1;
	for (int group = 0; group * size < summary->ranks; group++) {
		tw_worker_times sum = {0};
		int workers = 0;
		char name[48];
		for (int w = 0; w < summary->workers; w++) {
			if (summary->worker[w].rank / size != group) continue;
			add(&sum, &summary->worker[w]);
			workers++;
		}
		snprintf(name, sizeof name, "group %d", group);
		if (workers) print_row(name, &sum, workers);
	}
}

void tw_workers_print(const tw_sweep_plan *plan, const tw_sweep_summary *summary)
{
	tw_worker_times sum = {0};
	for (int w = 0; w < summary->workers; w++) add(&sum, &summary->worker[w]);
	printf("\n%-20s%8s%10s%10s%10s%10s%11s\n", "worker", "runs", "seconds", "busy", "queue", "idle", "share idle");
	print_workers(summary);
	if (summary->workers > summary->ranks || plan->ranks_per_run > 1) print_groups(plan, summary);
	if (summary->workers) print_row("all", &sum, summary->workers);
}
