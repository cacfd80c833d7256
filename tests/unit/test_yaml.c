/* Trees of YAML: as text and back, merging. */
#include "core/yaml.h"
#include "suite.h"

static bool equal_trees(const tw_yaml *a, const tw_yaml *b)
{
	if (a->kind != b->kind || a->items != b->items || (a->text && strcmp(a->text, b->text) != 0)) return false;
	if (tw_yaml_is_empty(a) != tw_yaml_is_empty(b) || (a->key && strcmp(a->key, b->key) != 0)) return false;
	for (int i = 0; i < a->items; i++) {
		if (!equal_trees(a->item[i], b->item[i])) return false;
	}
	return true;
}

static void test_yaml_text(void)
{
	static const char *const texts[] = {
	    "{}",
	    "[]",
	    "a: 1",
	    "a:\nb: {c: , d: []}\ne: {}",
	    "- 1\n- [2, [3, []]]\n- {a: {b: [{c: 1, d: 2}, {}, 3, ]}}\n- - x: 1\n  - \n",
	    "a: 'none'\nb: \"\"\nc: '- x'\nd: 'a: b # c'\ne: \"tab\\t line\\n quote\\\" back\\\\ bell\\a\"\n",
	    "a: \"\\x85\\u2028\\uFEFF\\u00e9\\U0001F600\"\n'key: odd': 1\n'': 2\n\"-\": ---x\n",
	    "a: x, y\nb: -x y\nc: a b  c\nd: 1e-7\ne: -.5\nf: /a/b.c\ng: '*x'\nh: a:b\n",
	    "a: |\n  two\n  lines\nb: >\n  folded\n  text\n",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		tw_yaml *tree, *again, *copy;
		char *text;
		CHECK_OK(tw_yaml_parse(texts[i], strlen(texts[i]), "text", &tree));
		CHECK_OK(tw_yaml_write(tree, &text));
		tw_status status = tw_yaml_parse(text, strlen(text), "text", &again);
		if (status != TW_OK) fprintf(stderr, "\n  %s -> %s: %s\n", texts[i], text, tw_message());
		CU_ASSERT_EQUAL_FATAL(status, TW_OK);
		const bool equal = equal_trees(tree, again);
		if (!equal) fprintf(stderr, "\n  %s -> %s\n", texts[i], text);
		CU_ASSERT(equal);
		CHECK_OK(tw_yaml_copy(tree, &copy));
		CU_ASSERT(equal_trees(tree, copy));
		tw_free(text);
		tw_yaml_free(tree);
		tw_yaml_free(again);
		tw_yaml_free(copy);
	}
}

static tw_yaml *tree_of(const char *text)
{
	tw_yaml *tree;
	CHECK_OK(tw_yaml_parse(text, strlen(text), "text", &tree));
	return tree;
}

static void test_merge(void)
{
	static const struct {
		const char *map, *changes, *merged;
	} cases[] = {
	    {"{a: 1, b: 2}", "{b: 3, c: 4}", "{a: 1, b: 3, c: 4}"},
	    {"{a: {x: 1, y: {z: 2}}}", "{a: {y: {w: 3}}}", "{a: {x: 1, y: {z: 2, w: 3}}}"},
	    {"{a: [1, 2], b: {x: 1}, c: 1}", "{a: [3], b: 2, c: {y: 1}}", "{a: [3], b: 2, c: {y: 1}}"},
	    {"a: {x: 1}\nb:", "a:\nb: {y: 2}\nc:", "a: {x: 1}\nb: {y: 2}\nc:"},
	    {"", "{a: 1}", "{a: 1}"},
	    {"{a.b: 1}", "{a.b: 2}", "{a.b: 2}"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		tw_yaml *map = tree_of(cases[i].map), *changes = tree_of(cases[i].changes), *merged = tree_of(cases[i].merged);
		CHECK_OK(tw_yaml_merge(map, changes));
		CU_ASSERT(equal_trees(map, merged));
		tw_yaml_free(map);
		tw_yaml_free(changes);
		tw_yaml_free(merged);
	}
}

static void test_take_and_put(void)
{
	tw_yaml *map = tree_of("{a: 1, b: {c: 2}, d: [5, 6]}"), *value;
	tw_yaml_free(tw_yaml_take(map, "a"));
	CU_ASSERT_PTR_NULL(tw_yaml_take(map, "a"));
	CHECK_OK(tw_yaml_make_scalar("7", "here", &value));
	CHECK_OK(tw_yaml_put(map, "b.e.f", "here", value));
	CHECK_OK(tw_yaml_make_scalar("8", "here", &value));
	CHECK_OK(tw_yaml_put(map, "d.1", "here", value));
	tw_yaml *expected = tree_of("{b: {c: 2, e: {f: 7}}, d: [5, 8]}");
	CU_ASSERT(equal_trees(map, expected));
	CHECK_OK(tw_yaml_make_scalar("9", "here", &value));
	CU_ASSERT_EQUAL(tw_yaml_put(map, "d.2", "here", value), TW_USAGE);
	tw_yaml_free(map);
	tw_yaml_free(expected);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"trees as text", test_yaml_text},
	    {"merging", test_merge},
	    {"taking and putting", test_take_and_put},
	    CU_TEST_INFO_NULL,
	};
	return suite_run("yaml", tests, 0) ? 1 : 0;
}
