#include "linalg/linalg.h"

#include <blis.h>
#include <stdio.h>

const char *tw_linalg_blis_text(void)
{
	static char text[128];
	bli_init();
	snprintf(text, sizeof text, "BLIS %s, kernels %s", bli_info_get_version_str(),
	         bli_arch_string(bli_arch_query_id()));
	return text;
}
