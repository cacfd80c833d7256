#include "data/transform.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void transform_names(tw_transform *transform, const tw_source *source)
{
	snprintf(transform->input_name, sizeof transform->input_name, "%s", tw_source_input_name(source));
	snprintf(transform->output_name, sizeof transform->output_name, "%s", tw_source_output_name(source));
}

tw_status tw_transform_make(tw_transform *transform, const tw_plan *plan, const tw_source *source)
{
	const tw_data_options *options = &plan->options;
	int height = options->downscale_height, width = options->downscale_width;
	*transform = (tw_transform){
	    .raw_inputs = source->inputs,
	    .inputs = height ? source->inputs / 4 : source->inputs,
	    .outputs = source->outputs,
	    .divide = options->divide_inputs,
	    .height = height,
	    .width = width,
	    .select = options->select_classes,
	    .select_count = options->select_class_count,
	    .labels = options->labels,
	    .classes = options->labels ? options->classes : 0,
	};
	transform_names(transform, source);
	TW_CHECK(!height || (int64_t)height * width == source->inputs, TW_USAGE,
	         "%s: has %lld inputs, which are no images of %d x %d; correct the size to be down-scaled",
	         tw_source_input_name(source), (long long)source->inputs, height, width);
	bool classes = transform->labels || transform->select_count;
	TW_CHECK(!classes || source->outputs == 1, TW_USAGE, "%s: has %lld output columns; class labels stand in one",
	         tw_source_output_name(source), (long long)source->outputs);
	if (transform->select_count && transform->labels) transform->classes = transform->select_count;
	return TW_OK;
}

tw_status tw_transform_copy(tw_transform *copy, const tw_transform *transform, const tw_source *source)
{
	*copy = *transform;
	copy->shift = copy->divisor = NULL;
	transform_names(copy, source);
	TW_CHECK(source->inputs == transform->raw_inputs && source->outputs == transform->outputs, TW_IO,
	         "%s: has %lld inputs and %lld outputs where the training part has %lld and %lld", copy->input_name,
	         (long long)source->inputs, (long long)source->outputs, (long long)transform->raw_inputs,
	         (long long)transform->outputs);
	if (!transform->shift) return TW_OK;
	int64_t columns = transform->inputs + transform->outputs;
	TW_TRY(tw_alloc_array((void **)&copy->shift, columns, sizeof(double), "the scaling of the data"));
	TW_TRY(tw_alloc_array((void **)&copy->divisor, columns, sizeof(double), "the scaling of the data"));
	memcpy(copy->shift, transform->shift, (size_t)columns * sizeof(double));
	memcpy(copy->divisor, transform->divisor, (size_t)columns * sizeof(double));
	return TW_OK;
}

void tw_transform_free(tw_transform *transform)
{
	tw_free(transform->shift);
	tw_free(transform->divisor);
	transform->shift = transform->divisor = NULL;
}

int64_t tw_transform_class(const tw_transform *transform, double y)
{
	if (!transform->select_count) return (int64_t)y;
	for (int i = 0; i < transform->select_count; i++)
		if (y == (double)transform->select[i]) return i;
	return -1;
}

tw_status tw_transform_check_label(const tw_transform *transform, int64_t row, double y)
{
	TW_CHECK(y >= 0 && y <= INT32_MAX && y == floor(y), TW_IO,
	         "%s, row %lld (from 0): %g is not a class label (0, 1, ...); correct it", transform->output_name,
	         (long long)row, y);
	return TW_OK;
}

static tw_status transform_label(const tw_transform *transform, int64_t row, double *y)
{
	TW_TRY(tw_transform_check_label(transform, row, *y));
	*y = (double)tw_transform_class(transform, *y);
	TW_CHECK(!transform->classes || (*y >= 0 && *y < (double)transform->classes), TW_IO,
	         "%s, row %lld (from 0): label %g is not one of the classes 0 to %lld; correct it, or set data.classes",
	         transform->output_name, (long long)row, *y, (long long)transform->classes - 1);
	return TW_OK;
}

/* Means of the 2x2 blocks of an image, row by row. */
static void transform_downscale(int height, int width, const double *image, double divide, double *out)
{
	for (int r = 0; r < height; r += 2, image += 2 * width)
		for (int c = 0; c < width; c += 2)
			*out++ = (image[c] / divide + image[c + 1] / divide + image[width + c] / divide +
			          image[width + c + 1] / divide) /
			         4;
}

static tw_status transform_not_finite(const tw_transform *transform, int64_t row, const double *x, const double *y)
{
	for (int64_t j = 0; j < transform->inputs; j++)
		TW_CHECK(isfinite(x[j]), TW_IO, "%s, row %lld (from 0): input %lld is not finite; correct or leave out the row",
		         transform->input_name, (long long)row, (long long)j);
	for (int64_t j = 0; j < transform->outputs; j++)
		TW_CHECK(isfinite(y[j]), TW_IO,
		         "%s, row %lld (from 0): output %lld is not finite; correct or leave out the row",
		         transform->output_name, (long long)row, (long long)j);
	return TW_OK;
}

tw_status tw_transform_row(const tw_transform *transform, int64_t row, const double *raw, double *x, double *y)
{
	int64_t inputs = transform->inputs, outputs = transform->outputs;
	if (transform->labels || transform->select_count) TW_TRY(transform_label(transform, row, y));
	if (transform->height)
		transform_downscale(transform->height, transform->width, raw, transform->divide, x);
	else if (transform->divide == 1)
		memcpy(x, raw, (size_t)inputs * sizeof *x);
	else
		for (int64_t j = 0; j < inputs; j++) x[j] = raw[j] / transform->divide;
	if (transform->shift) {
		const double *shift = transform->shift, *divisor = transform->divisor;
		for (int64_t j = 0; j < inputs; j++) x[j] = (x[j] - shift[j]) / divisor[j];
		for (int64_t j = 0; j < outputs; j++) y[j] = (y[j] - shift[inputs + j]) / divisor[inputs + j];
	}
	if (tw_all_finite(x, inputs) && tw_all_finite(y, outputs)) return TW_OK;
	return transform_not_finite(transform, row, x, y);
}
