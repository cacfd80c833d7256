/* run/model_attributes.h: what model.h5 and models.h5 tell of a network, as attributes of a file or group of HDF5. */
#ifndef THALWEG_RUN_MODEL_ATTRIBUTES_H
#define THALWEG_RUN_MODEL_ATTRIBUTES_H

#include <hdf5.h>
#include <thalweg/network.h>

enum { TW_MODEL_TEXT = 64, TW_MODELS_VERSION = 1 };
/* The attribute `format` of models.h5, the end points of a sweep: its groups cell-0000 and so on have the attributes of
 * a network, `precision`, `first_run` and `starts`, and the datasets `run` and `theta`. */
#define TW_MODELS_FORMAT "thalweg models"

/* False when HDF5 refuses. */
bool tw_model_put_text(hid_t where, const char *name, const char *text);
bool tw_model_put_integer(hid_t where, const char *name, int64_t value);
bool tw_model_put_real(hid_t where, const char *name, double value);
bool tw_model_put_network(hid_t where, const tw_network *network);

/* TW_IO names the file (path) and the attribute. */
tw_status tw_model_get_text(hid_t where, const char *path, const char *name, char out[TW_MODEL_TEXT]);
tw_status tw_model_get_integer(hid_t where, const char *path, const char *name, int64_t low, int64_t high,
                               int64_t *value);
tw_status tw_model_get_real(hid_t where, const char *path, const char *name, double *value);
tw_status tw_model_get_network(hid_t where, const char *path, tw_network *network);

#endif
