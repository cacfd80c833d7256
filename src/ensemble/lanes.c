/* Making a group of networks, and moving replicas in and out. */
#include "ensemble/lanes.h"

#include <string.h>

#include "linalg/panel.h"

/* Bytes of activations and their derivatives that a wave of rows may take: about the second cache. */
enum { WAVE_BYTES = 3 << 19, BLOCK_BYTES = 96 << 10, ROW_UNIT = 20 };

static int64_t limit(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }
static int64_t round_up(int64_t x, int64_t unit) { return (x + unit - 1) / unit * unit; }

/* Rows next to each other must not fall onto the same places of a cache: no multiple of 512 bytes. */
static int64_t pad_stride(int64_t vectors, int lanes, size_t real_size)
{
	const int64_t bytes = vectors * lanes * (int64_t)real_size;
	return bytes % 512 == 0 && bytes > 512 ? (vectors + 1) * lanes : vectors * lanes;
}

static void lay_out(tw_lanes *lanes)
{
	const tw_network *network = &lanes->options->network;
	lanes->layers = network->layers;
	lanes->single = network->layers > 1 && network->width[network->layers] == 1;
	int64_t widest = 0, wave_row = 0;
	for (int l = 0; l <= lanes->layers; l++) {
		lanes->vectors[l] = (network->width[l] * lanes->group + lanes->kernels->lanes - 1) / lanes->kernels->lanes;
		lanes->stride[l] = pad_stride(lanes->vectors[l], lanes->kernels->lanes, lanes->real_size);
		if (lanes->single && l == lanes->layers) lanes->stride[l] = lanes->group;
		if (l == 0) continue;
		lanes->offset[l] = lanes->size;
		const bool row = lanes->single && l == lanes->layers;
		lanes->size += row ? lanes->stride[l - 1] + lanes->kernels->lanes
		                   : (network->width[l - 1] + (network->bias ? 1 : 0)) * lanes->stride[l];
		if (lanes->stride[l] > widest) widest = lanes->stride[l];
		wave_row += 2 * lanes->stride[l];
	}
	lanes->size = round_up(lanes->size, TW_UPDATE_BLOCK);
	lanes->dimension = tw_network_dimension(network);
	const int64_t size = (int64_t)lanes->real_size, n = lanes->options->data->observations;
	const int64_t batch = lanes->options->batch > 0 && lanes->options->batch < n ? lanes->options->batch : n;
	lanes->wave_rows = round_up(limit(WAVE_BYTES / (wave_row * size), 128, 1024), ROW_UNIT);
	lanes->wave_rows = lanes->wave_rows < batch ? lanes->wave_rows : round_up(batch, ROW_UNIT);
	lanes->block_rows = limit(BLOCK_BYTES / (3 * widest * size), 1, lanes->wave_rows) / ROW_UNIT * ROW_UNIT;
	if (lanes->block_rows < ROW_UNIT) lanes->block_rows = ROW_UNIT;
	lanes->strips_most = tw_chunks_of(batch, lanes->options->chunks).count + 1;
}

/* With room behind, since some loops go over whole blocks of 16. */
static tw_status allocate(tw_lanes *lanes, void **out, int64_t reals)
{
	lanes->memory += reals * (int64_t)lanes->real_size;
	return tw_alloc_array(out, reals + 16, lanes->real_size, "an ensemble");
}

static tw_status allocate_buffers(tw_lanes *lanes)
{
	const tw_network *network = &lanes->options->network;
	const tw_update_info *update = tw_update_info_of(lanes->options->update);
	const int64_t outputs = lanes->stride[lanes->layers];
	int64_t widest = 0;
	for (int l = 1; l <= lanes->layers; l++) {
		if (lanes->stride[l] > widest) widest = lanes->stride[l];
		if (l < lanes->layers) TW_TRY(allocate(lanes, &lanes->a[l], lanes->wave_rows * lanes->stride[l]));
		TW_TRY(allocate(lanes, &lanes->delta[l], lanes->wave_rows * lanes->stride[l]));
		if (l > 1) TW_TRY(allocate(lanes, &lanes->transposed[l], network->width[l] * lanes->stride[l - 1]));
	}
	TW_TRY(allocate(lanes, &lanes->theta, lanes->size));
	TW_TRY(allocate(lanes, &lanes->gradient, lanes->size));
	for (int i = 0; i < update->vectors; i++) TW_TRY(allocate(lanes, &lanes->state[i], lanes->size));
	TW_TRY(allocate(lanes, &lanes->z, lanes->layers * lanes->block_rows * widest));
	TW_TRY(allocate(lanes, &lanes->logits, lanes->block_rows * outputs));
	TW_TRY(allocate(lanes, &lanes->slopes, lanes->block_rows * outputs));
	TW_TRY(allocate(lanes, &lanes->x, lanes->wave_rows * lanes->stride[0]));
	TW_TRY(allocate(lanes, &lanes->y, lanes->wave_rows * lanes->group));
	TW_TRY(
	    tw_alloc_array((void **)&lanes->row_loss, lanes->wave_rows * lanes->group + 16, sizeof(double), "an ensemble"));
	TW_TRY(tw_alloc_array((void **)&lanes->target_rows, lanes->block_rows, sizeof(void *), "an ensemble"));
	TW_TRY(tw_alloc_array((void **)&lanes->target_loss, lanes->block_rows, sizeof(double), "an ensemble"));
	TW_TRY(tw_alloc_array((void **)&lanes->strip, lanes->strips_most, sizeof *lanes->strip, "an ensemble"));
	return TW_OK;
}

/* Partial sums, where batches have more than one chunk. */
static tw_status allocate_slots(tw_lanes *lanes)
{
	lanes->slot[0] = lanes->gradient;
	if (lanes->strips_most <= 2) return TW_OK;
	tw_tree tree;
	tw_tree_init(&tree, (int)lanes->strips_most - 1, 0, (int)lanes->strips_most - 1);
	const int slots = tw_tree_slots(&tree);
	TW_CHECK(slots < TW_TREE_LEVELS, TW_INTERNAL, "a batch of %lld chunks has too many partial sums",
	         (long long)lanes->strips_most);
	const int64_t n = lanes->options->data->observations;
	const int64_t batch = lanes->options->batch > 0 && lanes->options->batch < n ? lanes->options->batch : n;
	for (int s = 1; s < slots && batch > lanes->wave_rows; s++) TW_TRY(allocate(lanes, &lanes->slot[s], lanes->size));
	return allocate(lanes, &lanes->tile, (int64_t)slots * LANES_TILE_REALS);
}

/* Where parameters stand in a vector of tw_objective: norms are summed in that order. */
static tw_status map_norm(tw_lanes *lanes)
{
	const tw_network *network = &lanes->options->network;
	TW_TRY(tw_alloc_array((void **)&lanes->norm_position, lanes->dimension, sizeof(int64_t), "an ensemble"));
	int64_t at = 0;
	for (int l = 1; l <= lanes->layers; l++) {
		const int64_t inputs = network->width[l - 1], rows = inputs + (network->bias ? 1 : 0);
		for (int64_t u = 0; u < network->width[l]; u++)
			for (int64_t k = 0; k < inputs; k++)
				lanes->norm_position[at++] = lanes->norm_size + panel_index(rows, network->width[l], k, u);
		for (int64_t u = 0; network->bias && u < network->width[l]; u++)
			lanes->norm_position[at++] = lanes->norm_size + panel_index(rows, network->width[l], inputs, u);
		lanes->norm_size += panel_size(rows, network->width[l]);
	}
	return tw_alloc_array(&lanes->norm_vector, lanes->norm_size, lanes->real_size, "an ensemble");
}

static tw_fused fused_of(const tw_network *network)
{
	const char *name = tw_activation_info_of(network->activation)->name;
	return strcmp(name, "relu") == 0 ? TW_FUSED_RELU : strcmp(name, "leaky_relu") == 0 ? TW_FUSED_LEAKY : TW_FUSED_NONE;
}

tw_status lanes_create(const tw_ensemble_options *options, int group, tw_lanes **out)
{
	tw_lanes *lanes = NULL;
	TW_TRY(tw_alloc((void **)&lanes, sizeof *lanes, "an ensemble"));
	lanes->options = options;
	lanes->gathered = -1;
	lanes->group = group;
	while (1 << lanes->shift < group) lanes->shift++;
	lanes->real_size = tw_real_size(options->precision);
	lanes->kernels = TW_SELECT_VARIANT(tw_lanes_kernels, options->precision);
	lanes->kernel = lanes->kernels->size[lanes->shift];
	lanes->activation = tw_activation_of(options->precision, options->network.activation);
	lanes->loss = tw_loss_of(options->precision, options->loss);
	lanes->fused = fused_of(&options->network);
	lay_out(lanes);
	lanes->packed = lanes->loss->apply_packed && options->network.width[lanes->layers] == 1 &&
	                options->network.output != TW_OUTPUT_SOFTMAX;
	lanes->shallow = lanes->single && lanes->layers == 2 && lanes->fused != TW_FUSED_NONE &&
	                 TW_SELECT_VARIANT(tw_shallow_kernels, options->precision)->forward[lanes->shift];
	tw_status status = allocate_buffers(lanes);
	if (status == TW_OK) status = allocate_slots(lanes);
	if (status == TW_OK) status = map_norm(lanes);
	if (status != TW_OK) {
		lanes_free(lanes);
		return status;
	}
	*out = lanes;
	return TW_OK;
}

void lanes_free(tw_lanes *lanes)
{
	if (!lanes) return;
	for (int l = 0; l <= TW_MAX_LAYERS; l++)
		tw_free(lanes->a[l]), tw_free(lanes->delta[l]), tw_free(lanes->transposed[l]);
	for (int s = 1; s < TW_TREE_LEVELS; s++) tw_free(lanes->slot[s]);
	for (int i = 0; i < TW_MAX_UPDATE_VECTORS; i++) tw_free(lanes->state[i]);
	tw_free(lanes->theta), tw_free(lanes->gradient), tw_free(lanes->x), tw_free(lanes->y), tw_free(lanes->z);
	tw_free(lanes->logits), tw_free(lanes->slopes), tw_free(lanes->row_loss);
	tw_free(lanes->target_rows), tw_free(lanes->target_loss);
	tw_free(lanes->strip), tw_free(lanes->tile), tw_free(lanes->norm_position), tw_free(lanes->norm_vector);
	tw_free(lanes);
}

/* ---- replicas ------------------------------------------------------------------------------------------------ */

/* Calls visit for every parameter in canonical order with its index in theta. */
typedef struct {
	int layer;
	int64_t k, u;
} lanes_parameter;

static int64_t first_parameter(const tw_lanes *lanes, lanes_parameter *p)
{
	*p = (lanes_parameter){.layer = 1};
	return lanes_index(lanes, 1, 0, 0, 0);
}

static int64_t next_parameter(const tw_lanes *lanes, lanes_parameter *p)
{
	const tw_network *network = &lanes->options->network;
	const int64_t inputs = network->width[p->layer - 1], outputs = network->width[p->layer];
	if (p->k < inputs) {
		if (++p->k == inputs) p->k = 0, p->u++;
		if (p->u == outputs) p->u = 0, p->k = inputs;
	} else {
		p->u++;
	}
	if (p->k == inputs && (!network->bias || p->u == outputs)) {
		*p = (lanes_parameter){.layer = p->layer + 1};
		if (p->layer > lanes->layers) return -1;
	}
	return lanes_index(lanes, p->layer, p->k, p->u, 0);
}

void lanes_import(tw_lanes *lanes, int r, const double *theta)
{
	lanes_parameter p;
	int64_t at = first_parameter(lanes, &p);
	for (int64_t i = 0; i < lanes->dimension; i++, at = next_parameter(lanes, &p))
		tw_real_set(lanes->options->precision, lanes->theta, at + r, theta[i]);
}

void lanes_export(const tw_lanes *lanes, int r, double *theta)
{
	lanes_parameter p;
	int64_t at = first_parameter(lanes, &p);
	for (int64_t i = 0; i < lanes->dimension; i++, at = next_parameter(lanes, &p))
		theta[i] = tw_real_get(lanes->options->precision, lanes->theta, at + r);
}

void lanes_copy(const tw_lanes *lanes, int r, void *theta)
{
	lanes_parameter p;
	int64_t at = first_parameter(lanes, &p);
	for (int64_t i = 0; i < lanes->dimension; i++, at = next_parameter(lanes, &p))
		memcpy(lanes_at(lanes, theta, i), lanes_at(lanes, lanes->theta, at + r), lanes->real_size);
}

static void clear_place(const tw_lanes *lanes, void *vector, int r)
{
	if (!vector) return;
	for (int64_t i = r; i < lanes->size; i += lanes->group) tw_real_set(lanes->options->precision, vector, i, 0);
}

void lanes_clear(tw_lanes *lanes, int r)
{
	clear_place(lanes, lanes->theta, r);
	for (int i = 0; i < TW_MAX_UPDATE_VECTORS; i++) clear_place(lanes, lanes->state[i], r);
}

void lanes_move(const tw_lanes *from, int r, tw_lanes *to, int s)
{
	lanes_parameter p, q;
	int64_t at = first_parameter(from, &p), to_at = first_parameter(to, &q);
	const void *source[] = {from->theta, from->state[0], from->state[1]};
	void *target[] = {to->theta, to->state[0], to->state[1]};
	for (int64_t i = 0; i < from->dimension; i++) {
		for (int v = 0; v < 3; v++)
			if (source[v])
				memcpy(lanes_at(to, target[v], to_at + s), lanes_at(from, source[v], at + r), from->real_size);
		at = next_parameter(from, &p);
		to_at = next_parameter(to, &q);
	}
}

/* ---- norms, noise, updates ------------------------------------------------------------------------------------ */

double lanes_squared_norm(tw_lanes *lanes, int r)
{
	lanes_parameter p;
	int64_t at = first_parameter(lanes, &p);
	for (int64_t i = 0; i < lanes->dimension; i++, at = next_parameter(lanes, &p))
		memcpy(lanes_at(lanes, lanes->norm_vector, lanes->norm_position[i]), lanes_at(lanes, lanes->gradient, at + r),
		       lanes->real_size);
	return tw_kernels_of(lanes->options->precision)->squared_norm(lanes->norm_vector, lanes->norm_size);
}

void lanes_add_noise(tw_lanes *lanes, int r, tw_random stream, int64_t step, double deviation)
{
	const tw_precision precision = lanes->options->precision;
	lanes_parameter p;
	int64_t at = first_parameter(lanes, &p);
	for (int64_t i = 0; i < lanes->dimension; i++, at = next_parameter(lanes, &p)) {
		double noise = deviation * tw_random_normal(stream, (uint64_t)step, (uint64_t)i);
		tw_real_set(precision, lanes->gradient, at + r, tw_real_get(precision, lanes->gradient, at + r) + noise);
	}
}

void lanes_update(tw_lanes *lanes, const double step_size[LANES_MOST], const double count[LANES_MOST])
{
	const tw_update_call call = {
	    .replicas = lanes->group, .step_size = step_size, .count = count, .value = lanes->options->update_value};
	tw_update_kernel_of(lanes->options->update, lanes->options->precision)(
	    &call, lanes->size, lanes->theta, lanes->gradient, lanes->state[0], lanes->state[1]);
}
