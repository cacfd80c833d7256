/* Synthetic data. Every number is a function of the seed, the row and the column alone (tw_random), so a rank makes
 * just the rows it wants. */
#include "data/table.h"

#include <math.h>
#include <string.h>

enum { MAX_TEACHER_LAYERS = 9 };

typedef struct {
	tw_random stream;
	int64_t rows, inputs;
	double noise, factor;
	/* teacher network */
	int layers;
	int width[MAX_TEACHER_LAYERS + 1];
	double *weight[MAX_TEACHER_LAYERS]; /* width[l+1] x (width[l] + 1): weights, then the bias */
	double *hidden[2];
} generator;

static void generate_close(tw_table *table)
{
	generator *self = table->self;
	if (!self) return;
	for (int l = 0; l < MAX_TEACHER_LAYERS; l++) tw_free(self->weight[l]);
	for (int i = 0; i < 2; i++) tw_free(self->hidden[i]);
	tw_free(self);
}

static tw_status generate_open(tw_table *table, int64_t inputs, const tw_data_options *options)
{
	TW_CHECK(options->observations >= 1, TW_USAGE, "data.observations is %lld; generated data need at least 1",
	         (long long)options->observations);
	TW_CHECK(inputs >= 1 && inputs <= 1 << 24, TW_USAGE, "data.dimension is %lld; give 1 to %d", (long long)inputs,
	         1 << 24);
	TW_CHECK(options->noise >= 0 && isfinite(options->noise), TW_USAGE, "data.noise is %g; give 0 or more",
	         options->noise);
	generator *self;
	TW_TRY(tw_alloc((void **)&self, sizeof *self, "a generator of data"));
	self->stream = (tw_random){.seed = options->seed, .purpose = TW_RANDOM_GENERATE};
	self->rows = table->rows = options->observations;
	self->inputs = inputs;
	self->noise = options->noise;
	self->factor = options->factor;
	table->columns = inputs + 1;
	table->self = self;
	return TW_OK;
}

/* ---- two circles ---------------------------------------------------------------------------------------------- */

static tw_status circles_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)place;
	TW_CHECK(options->factor >= 0 && options->factor < 1, TW_USAGE, "data.factor is %g; give a value in [0, 1)",
	         options->factor);
	return generate_open(table, 2, options);
}

/* The first half lies evenly on the unit circle (y = 0), the rest on a circle of radius `factor` (y = 1). */
static tw_status circles_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	const generator *self = table->self;
	int64_t outer = self->rows / 2, inner = self->rows - outer;
	for (int64_t row = first; row < first + count; row++, out += 3) {
		bool inside = row >= outer;
		double turn = inside ? (double)(row - outer) / (double)inner : (double)row / (double)outer;
		double radius = inside ? self->factor : 1;
		out[0] = radius * cos(2 * M_PI * turn) + self->noise * tw_random_normal(self->stream, (uint64_t)row, 0);
		out[1] = radius * sin(2 * M_PI * turn) + self->noise * tw_random_normal(self->stream, (uint64_t)row, 1);
		out[2] = inside;
	}
	return TW_OK;
}

/* ---- a linear function ---------------------------------------------------------------------------------------- */

static tw_status linear_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)place;
	return generate_open(table, options->dimension, options);
}

/* y = x_1 + ... + x_d + eps, eps ~ N(0, noise^2), x uniform on [0, 4]^d. */
static tw_status linear_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	const generator *self = table->self;
	for (int64_t row = first; row < first + count; row++, out += self->inputs + 1) {
		double sum = 0;
		for (int64_t j = 0; j < self->inputs; j++) {
			out[j] = 4 * tw_random_uniform(self->stream, (uint64_t)row, (uint64_t)j);
			sum += out[j];
		}
		out[self->inputs] = sum + self->noise * tw_random_normal(self->stream, (uint64_t)row, (uint64_t)self->inputs);
	}
	return TW_OK;
}

/* ---- a teacher network ---------------------------------------------------------------------------------------- */

/* Weights and biases of layer l are N(0, 1 / width[l]). */
static tw_status teacher_weights(generator *self)
{
	tw_random stream = {.seed = self->stream.seed, .purpose = TW_RANDOM_TEACHER};
	int widest = 1;
	for (int l = 0; l < self->layers; l++) {
		int64_t count = (int64_t)self->width[l + 1] * (self->width[l] + 1);
		TW_TRY(tw_alloc_array((void **)&self->weight[l], count, sizeof(double), "a teacher network"));
		for (int64_t i = 0; i < count; i++)
			self->weight[l][i] = tw_random_normal(stream, (uint64_t)l, (uint64_t)i) / sqrt(self->width[l]);
		if (self->width[l + 1] > widest) widest = self->width[l + 1];
	}
	for (int i = 0; i < 2; i++)
		TW_TRY(tw_alloc_array((void **)&self->hidden[i], widest, sizeof(double), "a teacher network"));
	return TW_OK;
}

static tw_status teacher_open(tw_table *table, const tw_place *place, const tw_data_options *options)
{
	(void)place;
	int hidden = options->teacher_layers;
	TW_CHECK(hidden >= 0 && hidden < MAX_TEACHER_LAYERS, TW_USAGE, "data.teacher_hidden has %d widths; give up to %d",
	         hidden, MAX_TEACHER_LAYERS - 1);
	for (int l = 0; l < hidden; l++)
		TW_CHECK(options->teacher_hidden[l] >= 1 && options->teacher_hidden[l] <= 1 << 16, TW_USAGE,
		         "data.teacher_hidden holds the width %d; give 1 to %d", options->teacher_hidden[l], 1 << 16);
	TW_TRY(generate_open(table, options->dimension, options));
	generator *self = table->self;
	self->layers = hidden + 1;
	self->width[0] = (int)options->dimension;
	for (int l = 0; l < hidden; l++) self->width[l + 1] = options->teacher_hidden[l];
	self->width[hidden + 1] = 1;
	tw_status status = teacher_weights(self);
	if (status != TW_OK) generate_close(table);
	return status;
}

/* x ~ N(0, 1)^d; y is the output of a network with tanh in its hidden layers and a linear output, plus noise. */
static tw_status teacher_read(tw_table *table, int64_t first, int64_t count, double *out)
{
	const generator *self = table->self;
	for (int64_t row = first; row < first + count; row++, out += self->inputs + 1) {
		for (int64_t j = 0; j < self->inputs; j++) out[j] = tw_random_normal(self->stream, (uint64_t)row, (uint64_t)j);
		const double *in = out;
		for (int l = 0; l < self->layers; l++) {
			double *next = self->hidden[l % 2];
			const double *weight = self->weight[l];
			for (int i = 0; i < self->width[l + 1]; i++, weight += self->width[l] + 1) {
				double z = weight[self->width[l]];
				for (int j = 0; j < self->width[l]; j++) z += weight[j] * in[j];
				next[i] = l + 1 < self->layers ? tanh(z) : z;
			}
			in = next;
		}
		double noise = tw_random_normal(self->stream, (uint64_t)row, (uint64_t)self->inputs);
		out[self->inputs] = in[0] + self->noise * noise;
	}
	return TW_OK;
}

const tw_format tw_make_circles_format = {
    .name = "make_circles",
    .help = "two circles under noise",
    .open = circles_open,
    .read = circles_read,
    .close = generate_close,
};

const tw_format tw_linear_format = {
    .name = "linear",
    .help = "a linear function under noise",
    .open = linear_open,
    .read = linear_read,
    .close = generate_close,
};

const tw_format tw_teacher_format = {
    .name = "teacher",
    .help = "outputs of a random network under noise",
    .open = teacher_open,
    .read = teacher_read,
    .close = generate_close,
};
