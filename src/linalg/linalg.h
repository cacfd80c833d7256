/* What the program tells of the linear algebra it uses. */
#ifndef THALWEG_LINALG_LINALG_H
#define THALWEG_LINALG_LINALG_H

/* One line: BLIS's version and the kernel configuration it chose for this processor. */
const char *tw_linalg_blis_text(void);

#endif
