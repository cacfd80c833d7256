/* Precision by name, and single reals off the hot path. */
#include <thalweg/core.h>

const char *tw_precision_name(tw_precision precision) { return precision == TW_FLOAT ? "float" : "double"; }

double tw_real_get(tw_precision precision, const void *array, int64_t i)
{
	return precision == TW_FLOAT ? (double)((const float *)array)[i] : ((const double *)array)[i];
}

void tw_real_set(tw_precision precision, void *array, int64_t i, double value)
{
	if (precision == TW_FLOAT) {
		((float *)array)[i] = (float)value;
	} else {
		((double *)array)[i] = value;
	}
}
