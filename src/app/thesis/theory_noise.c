#include "app/thesis/theory_noise.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "app/thesis/figures.h"

static const double decline = 0.001; /* of diminishing step sizes: alpha_k falls after some 1 / decline steps */

/* ---- runs ------------------------------------------------------------------------------------------------------ */

tw_status stochastic_open(const thesis_context *context, const stochastic_choice *choice, stochastic_run *out)
{
	*out = (stochastic_run){0};
	TW_TRY(figure_settings(context, "theory-noise.yaml", &choice->set, choice->set ? 1 : 0, &out->settings));
	tw_settings *settings = &out->settings;
	tw_stage *stage = &settings->stage[0];
	settings->run = choice->start;
	settings->batch = choice->batch;
	settings->gradient_norm_every = choice->norm_every;
	settings->bound = choice->bound;
	stage->stop.steps = choice->steps;
	stage->schedule.base = choice->step_size;
	if (choice->power != 0) {
		stage->schedule.kind = tw_schedule_find("polynomial");
		stage->schedule.value[0] = decline;
		stage->schedule.value[1] = choice->power;
	}
	return tw_run_create(context->comm, settings, &out->run);
}

void stochastic_close(stochastic_run *run)
{
	tw_run_free(run->run);
	tw_settings_free(&run->settings);
	*run = (stochastic_run){0};
}

tw_status stochastic_train(stochastic_run *run, const tw_monitor *monitor, tw_summary *summary)
{
	TW_TRY(tw_run_train(run->run, monitor, summary));
	TW_CHECK(summary->stop_reason != TW_STOP_INTERRUPTED, TW_INTERRUPTED,
	         "interrupted within a check; the same command begins the checks anew");
	return TW_OK;
}

/* ---- averages along a run -------------------------------------------------------------------------------------- */

int64_t stochastic_mark(int i)
{
	static const int64_t first[MARKS_A_DECADE] = {1, 2, 3, 5, 7};
	int64_t mark = first[i % MARKS_A_DECADE];
	for (int decade = i / MARKS_A_DECADE; decade > 0; decade--) mark *= 10;
	return mark;
}

static tw_status add_iterate(void *self, const tw_record *record)
{
	stochastic_averages *a = self;
	if (a->iterates++ == 0) a->cost = record->cost;
	a->last = record->gradient_norm_squared;
	a->step_size += record->step_size;
	a->squared_step_size += record->step_size * record->step_size;
	a->sum += record->step_size * record->gradient_norm_squared;
	if (a->marks == MOST_MARKS || a->iterates != stochastic_mark(a->marks)) return TW_OK;
	a->step_sizes[a->marks] = a->step_size;
	a->squared_step_sizes[a->marks] = a->squared_step_size;
	a->weighted[a->marks++] = a->sum;
	return TW_OK;
}

tw_status stochastic_average(const thesis_context *context, const stochastic_choice *choice, stochastic_averages *out)
{
	stochastic_choice every = *choice;
	stochastic_run run;
	tw_summary summary;
	const tw_monitor monitor = {.self = out, .record = add_iterate};
	*out = (stochastic_averages){0};
	every.norm_every = 1;
	tw_status status = stochastic_open(context, &every, &run);
	if (status == TW_OK) status = stochastic_train(&run, &monitor, &summary);
	stochastic_close(&run);
	return status;
}

tw_status stochastic_constants(const thesis_context *context, const stochastic_choice *choice, int starts,
                               int64_t every, double *lipschitz, double *noise)
{
	tw_status status = TW_OK;
	for (int i = 0; i < starts && status == TW_OK; i++) {
		stochastic_choice bound = *choice;
		stochastic_run run;
		tw_summary summary;
		bound.start = choice->start + (uint32_t)i;
		bound.bound = true;
		bound.norm_every = every;
		status = stochastic_open(context, &bound, &run);
		if (status == TW_OK) status = stochastic_train(&run, NULL, &summary);
		stochastic_close(&run);
		if (status != TW_OK) break;
		*lipschitz = fmax(*lipschitz, summary.bound.lipschitz);
		*noise = fmax(*noise, summary.bound.noise);
	}
	return status;
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

void stochastic_cell(stochastic_row *row, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(row->text[row->count++], sizeof row->text[0], format, arguments);
	va_end(arguments);
}

void stochastic_put_row(tw_page *page, const stochastic_row *row)
{
	const char *cell[STOCHASTIC_CELLS];
	for (int i = 0; i < row->count; i++) cell[i] = row->text[i];
	tw_page_row(page, cell);
}
