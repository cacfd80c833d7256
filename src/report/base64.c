#include "report/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void tw_base64_write(FILE *out, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;
	for (size_t i = 0; i < size; i += 3) {
		size_t given = size - i < 3 ? size - i : 3;
		unsigned group = byte[i] * 65536u;
		if (given > 1) group += byte[i + 1] * 256u;
		if (given > 2) group += byte[i + 2];
		char text[4] = {digits[group >> 18], digits[group >> 12 & 63], '=', '='};
		if (given > 1) text[2] = digits[group >> 6 & 63];
		if (given > 2) text[3] = digits[group & 63];
		fwrite(text, 1, sizeof text, out);
	}
}
