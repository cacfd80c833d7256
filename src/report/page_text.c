#include "report/page_text.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

static const struct {
	char character;
	const char *entity;
} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

/* Bytes of the UTF-8 character that begins here; 0: there is none. */
static int utf8_length(const unsigned char *text)
{
	if (*text < 0x80) return *text >= 0x20 && *text != 0x7F ? 1 : *text == '\t' || *text == '\n';
	int length = *text >= 0xF0 && *text < 0xF5 ? 4 : *text >= 0xE0 && *text < 0xF0 ? 3 : *text >= 0xC2 ? 2 : 0;
	if (*text >= 0xF5) return 0;
	for (int i = 1; i < length; i++)
		if ((text[i] & 0xC0) != 0x80) return 0;
	bool overlong = (*text == 0xE0 && text[1] < 0xA0) || (*text == 0xF0 && text[1] < 0x90);
	bool beyond = (*text == 0xED && text[1] >= 0xA0) || (*text == 0xF4 && text[1] >= 0x90);
	return overlong || beyond ? 0 : length;
}

static const char *entity_of(char character)
{
	for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
		if (entities[i].character == character) return entities[i].entity;
	return NULL;
}

void tw_html_write(FILE *out, const char *text)
{
	while (*text) {
		int length = utf8_length((const unsigned char *)text);
		const char *entity = entity_of(*text);
		if (entity)
			fputs(entity, out);
		else if (length)
			fwrite(text, 1, (size_t)length, out);
		else
			fputs(REPLACEMENT, out);
		text += length ? length : 1;
	}
}

bool tw_html_is_number(const char *text)
{
	static const char *const signs[] = {"±", "×", "−", "≈", "≤", "≥", "–", "·"};
	static const char *const words[] = {"nan", "inf", "-inf", "-", "–"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(text, words[i])) return true;
	bool digit = false;
	while (*text) {
		size_t sign = 0, length = 0;
		while (sign < sizeof signs / sizeof *signs && !length) {
			if (!strncmp(text, signs[sign], strlen(signs[sign]))) length = strlen(signs[sign]);
			sign++;
		}
		bool exponent = (*text == 'e' || *text == 'E') && digit;
		if (!length && !exponent && !strchr("0123456789.,+- <>=%^/()", *text)) return false;
		digit = digit || (*text >= '0' && *text <= '9');
		text += length ? length : 1;
	}
	return digit;
}
