/* A tree from the events of libyaml. */
#include "core/yaml.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { DEEPEST = 16, LARGEST_FILE = 1 << 20 };

typedef struct {
	yaml_parser_t parser;
	yaml_event_t event; /* the latest, while has_event */
	bool has_event;
	const char *name;
	bool has_lines; /* else name alone says where */
} yaml_reader;

/* ---- text to tree -------------------------------------------------------------------------------------------- */

/* "FILE:12" of the latest event, or of line `line` (from 1) when it is above 0. */
static const char *where_of(const yaml_reader *reader, size_t line, char out[PATH_MAX + 32])
{
	if (!reader->has_lines) return reader->name;
	if (line == 0) line = reader->event.start_mark.line + 1;
	snprintf(out, PATH_MAX + 32, "%.*s:%zu", PATH_MAX, reader->name, line);
	return out;
}

static tw_status next_event(yaml_reader *reader)
{
	char where[PATH_MAX + 32];
	if (reader->has_event) yaml_event_delete(&reader->event);
	reader->has_event = yaml_parser_parse(&reader->parser, &reader->event);
	if (reader->has_event) return TW_OK;
	const yaml_parser_t *parser = &reader->parser;
	if (parser->error == YAML_MEMORY_ERROR) return tw_fail(TW_NO_MEMORY, "no memory for the configuration");
	if (parser->error == YAML_READER_ERROR)
		return tw_fail(TW_USAGE, "%s: not YAML text: byte %zu: %s", reader->name, parser->problem_offset,
		               parser->problem);
	return tw_fail(TW_USAGE, "%s: not YAML: %s%s%s; look at indentation, brackets and quotes here",
	               where_of(reader, parser->problem_mark.line + 1, where), parser->context ? parser->context : "",
	               parser->context ? ": " : "", parser->problem ? parser->problem : "unknown problem");
}

static tw_status read_node(yaml_reader *reader, int depth, tw_yaml **out);

static tw_status read_scalar(yaml_reader *reader, tw_yaml *node)
{
	const char *text = (const char *)reader->event.data.scalar.value;
	TW_CHECK(strlen(text) == reader->event.data.scalar.length, TW_USAGE, "%s: a text holds a zero byte", node->where);
	node->quoted = reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return tw_yaml_copy_text(text, &node->text);
}

static tw_status read_list(yaml_reader *reader, int depth, tw_yaml *list)
{
	for (;;) {
		TW_TRY(next_event(reader));
		if (reader->event.type == YAML_SEQUENCE_END_EVENT) return TW_OK;
		tw_yaml *item;
		TW_TRY(read_node(reader, depth + 1, &item));
		TW_TRY(tw_yaml_append(list, item));
	}
}

/* The latest event as the key of a map. */
static tw_status read_key(yaml_reader *reader, const tw_yaml *map, char **key)
{
	char where[PATH_MAX + 32];
	TW_CHECK(reader->event.type == YAML_SCALAR_EVENT, TW_USAGE, "%s: a key must be a word", where_of(reader, 0, where));
	const char *text = (const char *)reader->event.data.scalar.value;
	const tw_yaml *before = tw_yaml_find(map, text);
	TW_CHECK(!before, TW_USAGE, "%s: key '%s' is given twice (first at %s); remove one", where_of(reader, 0, where),
	         text, before->where);
	return tw_yaml_copy_text(text, key);
}

static tw_status read_map(yaml_reader *reader, int depth, tw_yaml *map)
{
	for (;;) {
		TW_TRY(next_event(reader));
		if (reader->event.type == YAML_MAPPING_END_EVENT) return TW_OK;
		char *key, where[PATH_MAX + 32];
		TW_TRY(read_key(reader, map, &key));
		const size_t line = reader->event.start_mark.line + 1;
		tw_yaml *item = NULL;
		tw_status status = next_event(reader);
		if (status == TW_OK) status = read_node(reader, depth + 1, &item);
		if (status != TW_OK) {
			tw_free(key);
			return status;
		}
		item->key = key;
		tw_free(item->where); /* the line of the key is where one looks */
		item->where = NULL;
		status = tw_yaml_copy_text(where_of(reader, line, where), &item->where);
		if (status != TW_OK) {
			tw_yaml_free(item);
			return status;
		}
		TW_TRY(tw_yaml_append(map, item));
	}
}

static tw_status check_plain(const yaml_reader *reader, const char *where, int depth)
{
	const yaml_event_t *event = &reader->event;
	bool marked = event->type == YAML_ALIAS_EVENT || (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor) ||
	              (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor) ||
	              (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor);
	TW_CHECK(!marked, TW_USAGE, "%s: anchors and aliases (& and *) are not known here; write the value out", where);
	TW_CHECK(depth <= DEEPEST, TW_USAGE, "%s: nested deeper than %d levels", where, DEEPEST);
	return TW_OK;
}

/* The node that the latest event starts. */
static tw_status read_node(yaml_reader *reader, int depth, tw_yaml **out)
{
	char text[PATH_MAX + 32];
	const char *where = where_of(reader, 0, text);
	const yaml_event_type_t type = reader->event.type;
	*out = NULL;
	TW_TRY(check_plain(reader, where, depth));
	tw_yaml_kind kind = type == YAML_SCALAR_EVENT           ? TW_YAML_SCALAR
	                    : type == YAML_SEQUENCE_START_EVENT ? TW_YAML_LIST
	                                                        : TW_YAML_MAP;
	TW_TRY(tw_yaml_make(kind, where, out));
	tw_status status = kind == TW_YAML_SCALAR ? read_scalar(reader, *out)
	                   : kind == TW_YAML_LIST ? read_list(reader, depth, *out)
	                                          : read_map(reader, depth, *out);
	if (status != TW_OK) {
		tw_yaml_free(*out);
		*out = NULL;
	}
	return status;
}

/* The stream as one document. */
static tw_status read_document(yaml_reader *reader, tw_yaml **out)
{
	char where[PATH_MAX + 32];
	TW_TRY(next_event(reader)); /* start of the stream */
	TW_TRY(next_event(reader));
	if (reader->event.type == YAML_STREAM_END_EVENT) return tw_yaml_make(TW_YAML_MAP, where_of(reader, 1, where), out);
	TW_TRY(next_event(reader));
	TW_TRY(read_node(reader, 0, out));
	TW_TRY(next_event(reader)); /* end of the document */
	TW_TRY(next_event(reader));
	TW_CHECK(reader->event.type == YAML_STREAM_END_EVENT, TW_USAGE, "%s: a second document; give one",
	         where_of(reader, 0, where));
	return TW_OK;
}

static tw_status parse(const char *text, size_t size, const char *name, bool has_lines, tw_yaml **out)
{
	yaml_reader reader = {.name = name, .has_lines = has_lines};
	*out = NULL;
	TW_CHECK(yaml_parser_initialize(&reader.parser), TW_NO_MEMORY, "no memory for the configuration");
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
	tw_status status = read_document(&reader, out);
	if (reader.has_event) yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	if (status != TW_OK) {
		tw_yaml_free(*out);
		*out = NULL;
	}
	return status;
}

tw_status tw_yaml_parse(const char *text, size_t size, const char *name, tw_yaml **out)
{
	return parse(text, size, name, true, out);
}

static tw_status read_text(const char *file, FILE *stream, char **text, size_t *size)
{
	void *buffer;
	TW_TRY(tw_alloc(&buffer, LARGEST_FILE, file));
	*text = buffer;
	*size = fread(buffer, 1, LARGEST_FILE, stream);
	TW_CHECK(!ferror(stream), TW_IO, "%s: cannot be read: %s", file, strerror(errno));
	TW_CHECK(*size < LARGEST_FILE, TW_IO, "%s: too large for a configuration (1 MiB or more)", file);
	return TW_OK;
}

tw_status tw_yaml_read(const char *file, tw_yaml **out)
{
	char *text = NULL;
	size_t size = 0;
	*out = NULL;
	FILE *stream = fopen(file, "rb");
	TW_CHECK(stream, TW_IO, "%s: cannot be opened: %s", file, strerror(errno));
	tw_status status = read_text(file, stream, &text, &size);
	fclose(stream);
	if (status == TW_OK) status = parse(text, size, file, true, out);
	tw_free(text);
	return status;
}

/* ---- overrides ----------------------------------------------------------------------------------------------- */

tw_status tw_yaml_set(tw_yaml *root, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	TW_CHECK(equals && equals > assignment, TW_USAGE, "--set %s: no value; write --set a.b.c=value", assignment);
	char *where;
	tw_yaml *value = NULL;
	if (asprintf(&where, "--set %s", assignment) < 0) return tw_fail(TW_NO_MEMORY, "no memory for --set");
	tw_status status = parse(equals + 1, strlen(equals + 1), where, false, &value);
	char *path = status == TW_OK ? strndup(assignment, (size_t)(equals - assignment)) : NULL;
	if (path)
		status = tw_yaml_put(root, path, where, value);
	else if (status == TW_OK)
		status = tw_fail(TW_NO_MEMORY, "no memory for --set");
	if (status != TW_OK && !path) tw_yaml_free(value);
	free(path);
	free(where);
	return status;
}
