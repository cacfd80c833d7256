/* Beyond the thesis, its section 6.2.2: the three experiments with momentum and adaptive methods. */
#include "app/thesis/methods.h"

#include <math.h>
#include <string.h>

/* ---- groups of cells ------------------------------------------------------------------------------------------- */

static bool same_but_step_size(const tw_settings *a, const tw_settings *b)
{
	return a->update == b->update && a->batch == b->batch && a->hidden_count == b->hidden_count &&
	       memcmp(a->hidden, b->hidden, (size_t)a->hidden_count * sizeof *a->hidden) == 0;
}

tw_status methods_groups_of(const tw_sweep_plan *plan, const tw_run_result *results, methods_groups *out)
{
	*out = (methods_groups){NULL};
	TW_TRY(tw_alloc_array((void **)&out->group, plan->cells, sizeof *out->group, "the methods of a sweep"));
	for (int first = 0, next; first < plan->cells; first = next) {
		const tw_settings *settings = &plan->cell[first].settings;
		next = first + 1;
		while (next < plan->cells && same_but_step_size(settings, &plan->cell[next].settings)) next++;
		methods_group *group = &out->group[out->groups];
		group->settings = settings;
		group->update = tw_update_info_of(settings->update)->name;
		TW_TRY(tuning_of(plan, results, first, next - first, &group->tuned));
		out->groups++;
	}
	return TW_OK;
}

void methods_groups_free(methods_groups *groups)
{
	for (int g = 0; g < groups->groups; g++) tuning_free(&groups->group[g].tuned);
	tw_free(groups->group);
	*groups = (methods_groups){NULL};
}

const methods_group *methods_plain(const methods_groups *groups, const methods_group *group)
{
	for (int g = 0; g < groups->groups; g++) {
		const methods_group *other = &groups->group[g];
		if (strcmp(other->update, "plain") == 0 && other->settings->batch == group->settings->batch &&
		    other->settings->hidden[0] == group->settings->hidden[0])
			return other;
	}
	return NULL;
}

const char *methods_show(char out[METHODS_CELL], double value)
{
	if (isnan(value)) return strcpy(out, "–");
	if (isinf(value)) return strcpy(out, "diverges");
	snprintf(out, METHODS_CELL, "%.4g", value);
	return out;
}

/* ---- the experiment -------------------------------------------------------------------------------------------- */

static void describe(const thesis_context *context)
{
	tw_page *page = context->page;
	tw_page_heading(page, 1, "6.2.2 Other stochastic gradient methods");
	tw_page_text(
	    page, "Beyond the thesis, which names these methods as future work: its experiments with momentum (Polyak "
	          "1964), Nesterov's momentum (1983), AdaGrad (Duchi et al. 2011), RMSProp (Tieleman and Hinton 2012) and "
	          "Adam (Kingma and Ba 2015) beside plain gradient descent. Their parameters other than the step size are "
	          "the customary ones: momentum 0.9; decay 0.99 for RMSProp; β₁ = 0.9 and β₂ = 0.999 for Adam.");
}

static tw_status run(thesis_context *context)
{
	describe(context);
	TW_TRY(methods_minima(context));
	TW_TRY(methods_efficiency(context));
	return methods_noise(context);
}

static const char *const data[] = {"cal_housing.data", "mnist/train-images-idx3-ubyte.gz",
                                   "mnist/train-labels-idx1-ubyte.gz", NULL};

const thesis_experiment thesis_methods = {
    .name = "methods",
    .title = "6.2.2 Other stochastic gradient methods",
    .brief = "the three experiments with momentum, Nesterov, AdaGrad, RMSProp and Adam",
    .reduced =
        "(a) 3 widths in place of 7, 10 starts in place of 50; (b) 3 starts in place of 10; (c) 8 runs in place of "
        "20, the norm of the gradient at every 100th step in place of every 20th",
    .data = data,
    .run = run,
};
