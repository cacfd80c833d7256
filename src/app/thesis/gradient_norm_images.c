/* Figure 5.7: the first observations of both classes. */
#include "app/thesis/gradient_norm.h"

enum { SIDE = 14, PICTURES = 8 };

/* One picture as rows of a CSV file, all digits alike in every row. */
static void write_picture(FILE *out, const tw_data *data, int64_t row, int digit, int picture)
{
	for (int i = 0; i < SIDE; i++)
		for (int j = 0; j < SIDE; j++) {
			fprintf(out, "%d,%d,%d,%d,", digit, picture, i, j);
			noise_put(out, tw_real_get(data->precision, data->dense, row * data->inputs + i * SIDE + j), '\n');
		}
}

static tw_status write_pictures(const thesis_context *context, const tw_data *data)
{
	tw_part_file file;
	TW_TRY(tw_part_open(&file, context->folder, "sample-observations.csv"));
	fputs("digit,picture,row,column,value\n", file.file);
	for (int y = 0; y <= 1; y++) {
		int picture = 0;
		for (int64_t row = 0; row < data->local && picture < PICTURES; row++)
			if (tw_real_get(data->precision, data->output, row) == y)
				write_picture(file.file, data, row, y == 0 ? 3 : 6, picture++);
	}
	return tw_part_close(&file);
}

tw_status noise_report_images(thesis_context *context)
{
	tw_comm *alone;
	tw_data *data = NULL, *test = NULL;
	tw_data_options options;
	tw_data_defaults(&options);
	options.preset = "mnist36";
	options.path = context->data;
	options.test = false;
	options.storage = TW_STORAGE_DENSE;
	TW_TRY(tw_comm_self(&alone));
	tw_status status = tw_data_load(alone, &options, &data, &test);
	if (status == TW_OK) status = write_pictures(context, data);
	tw_data_free(data);
	tw_data_free(test);
	tw_comm_free(alone);
	TW_TRY(status);
	return thesis_draw(context, "figure-5.7", "Figure 5.7: sample observations from the modified MNIST training set.");
}
