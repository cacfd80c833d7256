/* Reports as HTML, base64, and figures by gnuplot. */
#include "report/base64.h"
#include "report/figure.h"
#include "report/page.h"
#include "report/page_text.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static char folder[] = "/tmp/thalweg-page-XXXXXX";

/* ---- helpers --------------------------------------------------------------------------------------------------- */

static void path_of(const char *name, char out[256]) { snprintf(out, 256, "%s/%s", folder, name); }

static bool is_there(const char *name)
{
	char path[256];
	path_of(name, path);
	return access(path, R_OK) == 0;
}

/* The file as text; to be freed. */
static char *read_text(const char *name)
{
	char path[256], *text = NULL;
	size_t size = 0;
	path_of(name, path);
	FILE *in = fopen(path, "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	if (getdelim(&text, &size, 0, in) < 0) CU_FAIL_FATAL("an empty file");
	fclose(in);
	return text;
}

static void write_text(const char *name, const char *text)
{
	char path[256];
	path_of(name, path);
	FILE *out = fopen(path, "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	fputs(text, out);
	fclose(out);
}

static int occurrences(const char *text, const char *what)
{
	int count = 0;
	for (const char *at = text; (at = strstr(at, what)); at += strlen(what)) count++;
	return count;
}

/* Whether every tag that is opened is closed in turn, void elements excepted, and no bare & is left. */
static bool is_balanced(const char *html)
{
	enum { DEEPEST = 32, NAME = 16 };
	static const char *const empty[] = {"meta", "img", "!DOCTYPE"};
	char open[DEEPEST][NAME];
	int depth = 0;
	for (const char *at = html; *at; at++) {
		if (*at == '&' && !strchr("alqg#", at[1])) return false;
		if (*at != '<') continue;
		bool closing = at[1] == '/';
		const char *name = at + 1 + closing, *end = strchr(at, '>');
		int length = (int)strcspn(name, " >\n");
		if (!end || length == 0 || length >= NAME) return false;
		bool is_empty = false;
		for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
			is_empty = is_empty || ((int)strlen(empty[i]) == length && !strncmp(name, empty[i], (size_t)length));
		if (closing) {
			if (depth == 0 || (int)strlen(open[depth - 1]) != length) return false;
			if (strncmp(open[--depth], name, (size_t)length) != 0) return false;
		} else if (!is_empty) {
			if (depth == DEEPEST) return false;
			snprintf(open[depth++], NAME, "%.*s", length, name);
		}
		at = end;
	}
	return depth == 0;
}

/* ---- base64 and escaping --------------------------------------------------------------------------------------- */

/* The vectors of RFC 4648, section 10, and bytes with all digits of the alphabet. */
static void test_base64(void)
{
	static const char *const vectors[][2] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	    {"\xFB\xEF\xBE\xFF\xFF\xFF", "++++////"},
	};
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		tw_base64_write(out, vectors[i][0], strlen(vectors[i][0]));
		fclose(out);
		CU_ASSERT_STRING_EQUAL(text, vectors[i][1]);
		free(text);
	}
}

static void test_escaping(void)
{
	static const char *const cases[][2] = {
	    {"a < b & c > \"d\"'", "a &lt; b &amp; c &gt; &quot;d&quot;&#39;"},
	    {"‖∇f(θₖ)‖² 𝜃", "‖∇f(θₖ)‖² 𝜃"},
	    {"\x01 \xFF \xC3", "\xEF\xBF\xBD \xEF\xBF\xBD \xEF\xBF\xBD"},
	    {"\xC0\xAF \xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		tw_html_write(out, cases[i][0]);
		fclose(out);
		CU_ASSERT_STRING_EQUAL(text, cases[i][1]);
		free(text);
	}
}

static void test_numbers(void)
{
	static const char *const numbers[] = {"1",       "-1.5e-07", "12,049", "98 %", "0.31 ± 0.02",
	                                      "< 0.001", "nan",      "3 × 10", "-"};
	static const char *const words[] = {"", "SGD", "e5", "n = 100", "5 steps", "±"};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) CU_ASSERT_TRUE(tw_html_is_number(numbers[i]));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) CU_ASSERT_FALSE(tw_html_is_number(words[i]));
}

/* ---- the page -------------------------------------------------------------------------------------------------- */

static void fill(tw_page *page)
{
	static const char *const head[] = {"method", "α", "cost <f>"};
	static const char *const rows[][3] = {{"SGD", "0.01", "1.25e-3"}, {"gradient & descent", "", "2"}};
	tw_page_finding(page, TW_NOTE, "before any heading");
	tw_page_heading(page, 1, "4.2 %s", "Zig & zag");
	tw_page_heading(page, 2, "A part");
	tw_page_text(page, "n < %d", 100);
	tw_page_code(page, "thalweg thesis --set \"a=b\"");
	tw_page_finding(page, TW_AGREES, "falls in %d of 15 steps", 15);
	tw_page_finding(page, TW_DIFFERS, "0.2 > 0.1");
	tw_page_table(page, "A table", 3, head);
	for (int i = 0; i < 2; i++) tw_page_row(page, rows[i]);
	tw_page_table_end(page);
	tw_page_heading(page, 1, "Without findings");
}

static void test_page(void)
{
	tw_page *page = NULL;
	char svg[256];
	CHECK_OK(tw_page_create("The <thesis>", "quick", &page));
	fill(page);
	write_text("picture.svg", "<svg/>");
	path_of("picture.svg", svg);
	CHECK_OK(tw_page_figure(page, svg, "θ₁ \"here\""));
	CU_ASSERT_EQUAL(tw_page_findings(page, TW_AGREES), 1);
	CU_ASSERT_EQUAL(tw_page_findings(page, TW_DIFFERS), 1);
	CU_ASSERT_EQUAL(tw_page_findings(page, TW_NOTE), 1);
	CHECK_OK(tw_page_write(page, folder, "report.html"));
	char *html = read_text("report.html");
	CU_ASSERT_TRUE(is_balanced(html));
	CU_ASSERT_EQUAL(occurrences(html, "<h1>The &lt;thesis&gt;</h1>"), 1);
	CU_ASSERT_EQUAL(occurrences(html, ">4.2 Zig &amp; zag<"), 3); /* contents, findings, heading */
	CU_ASSERT_EQUAL(occurrences(html, ">A part<"), 2);
	CU_ASSERT_EQUAL(occurrences(html, ">Without findings<"), 2);
	for (int i = 1; i <= 3; i++) {
		char id[32], link[32];
		snprintf(id, sizeof id, "id=\"finding-%d\"", i);
		snprintf(link, sizeof link, "href=\"#finding-%d\"", i);
		CU_ASSERT_EQUAL(occurrences(html, id), 1);
		CU_ASSERT_EQUAL(occurrences(html, link), 1);
		snprintf(id, sizeof id, "id=\"part-%d\"", i);
		snprintf(link, sizeof link, "href=\"#part-%d\"", i);
		CU_ASSERT_EQUAL(occurrences(html, id), 1);
		CU_ASSERT_EQUAL(occurrences(html, link), 1);
	}
	CU_ASSERT_EQUAL(occurrences(html, "falls in 15 of 15 steps"), 2);
	CU_ASSERT_EQUAL(occurrences(html, "<td class=\"number\">"), 3);
	CU_ASSERT_EQUAL(occurrences(html, "<th scope=\"col\" class=\"number\">"), 2);
	CU_ASSERT_EQUAL(occurrences(html, "data:image/svg+xml;base64,PHN2Zy8+"), 1);
	CU_ASSERT_EQUAL(occurrences(html, "<img alt=\"θ₁ &quot;here&quot;\""), 1);
	free(html);

	tw_page_text(page, "and on");
	CHECK_OK(tw_page_write(page, folder, "report.html"));
	html = read_text("report.html");
	CU_ASSERT_TRUE(is_balanced(html) && occurrences(html, "and on") == 1);
	free(html);
	CU_ASSERT_EQUAL(tw_page_figure(page, "/nowhere/picture.svg", ""), TW_IO);
	CU_ASSERT_EQUAL(tw_page_write(page, "/nowhere", "report.html"), TW_IO);
	tw_page_free(page);
}

/* A table that is not ended, or begun twice, is a whole table all the same. */
static void test_open_table(void)
{
	static const char *const head[] = {"a"}, *const row[] = {"1"};
	tw_page *page = NULL;
	CHECK_OK(tw_page_create("", "", &page));
	tw_page_row(page, row);
	tw_page_table_end(page);
	for (int i = 0; i < 2; i++) {
		tw_page_table(page, "", 1, head);
		tw_page_row(page, row);
	}
	CHECK_OK(tw_page_write(page, folder, "tables.html"));
	char *html = read_text("tables.html");
	CU_ASSERT_TRUE(is_balanced(html));
	CU_ASSERT_EQUAL(occurrences(html, "</table>"), 2);
	free(html);
	tw_page_table(page, "", 1, head);
	tw_page_free(page);
}

static void test_no_page(void)
{
	fill(NULL);
	CU_ASSERT_EQUAL(tw_page_figure(NULL, "/nowhere", ""), TW_OK);
	CU_ASSERT_EQUAL(tw_page_write(NULL, "/nowhere", "report.html"), TW_OK);
	CU_ASSERT_EQUAL(tw_page_findings(NULL, TW_NOTE), 0);
	tw_page_free(NULL);
}

/* ---- figures --------------------------------------------------------------------------------------------------- */

static const char script[] = "set terminal svg\nset output 'line.svg'\nplot 'line.csv' using 1:2\n"
                             "set terminal pngcairo\nset output 'line.png'\nreplot\n";

static bool gnuplot_is_there(void)
{
	if (tw_figure_check() == TW_OK) return true;
	printf("\n  skipped: %s\n  ", tw_message());
	return false;
}

static void test_figure(void)
{
	if (!gnuplot_is_there()) return;
	write_text("line.csv", "1 2\n3 4\n");
	CHECK_OK(tw_figure_draw(folder, "line", script));
	CU_ASSERT_TRUE(is_there("line.gp") && is_there("line.svg") && is_there("line.png"));
	char *svg = read_text("line.svg");
	CU_ASSERT_PTR_NOT_NULL(strstr(svg, "<svg"));
	free(svg);
}

static void check_complaint(const char *name, const char *text, const char *expected)
{
	CU_ASSERT_EQUAL(tw_figure_draw(folder, name, text), TW_IO);
	if (!strstr(tw_message(), expected)) fprintf(stderr, "\n  %s\n", tw_message());
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), expected));
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), name));
	CU_ASSERT_PTR_NULL(strchr(tw_message(), '\n'));
}

static void test_broken_scripts(void)
{
	if (!gnuplot_is_there()) return;
	check_complaint("unknown", "x = 1\nplot no_such_thing\n", "line 2: undefined variable: no_such_thing");
	check_complaint("missing", "set terminal svg\nplot 'none.csv'\n", "line 2: ");
	check_complaint("silent", "x = 1\n", "did not draw it");
	write_text("line.csv", "1 2\n3 4\n");
	CHECK_OK(tw_figure_draw(folder, "line", script));
	check_complaint("line", "exit status 3\n", "failed without a word");
	CU_ASSERT_FALSE(is_there("line.svg")); /* nothing that an older script drew is taken for this one's */
}

static void test_no_gnuplot(void)
{
	char *path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	setenv("PATH", folder, 1);
	CU_ASSERT_EQUAL(tw_figure_check(), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "install gnuplot"));
	CU_ASSERT_EQUAL(tw_figure_draw(folder, "line", script), TW_IO);
	CU_ASSERT_PTR_NOT_NULL(strstr(tw_message(), "install gnuplot"));
	setenv("PATH", path, 1);
	free(path);
}

static void remove_folder(void)
{
	static const char *const names[] = {"line", "unknown", "missing", "silent", "picture", "report", "tables"};
	static const char *const endings[] = {".gp", ".svg", ".png", ".csv", ".html"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t j = 0; j < sizeof endings / sizeof *endings; j++) {
			char name[32], path[256];
			snprintf(name, sizeof name, "%s%s", names[i], endings[j]);
			path_of(name, path);
			unlink(path);
		}
	rmdir(folder);
}

int main(void)
{
	CU_TestInfo tests[] = {
	    {"base64", test_base64},
	    {"escaping", test_escaping},
	    {"cells that are numbers", test_numbers},
	    {"a page", test_page},
	    {"tables left open", test_open_table},
	    {"no page", test_no_page},
	    {"a figure", test_figure},
	    {"broken scripts", test_broken_scripts},
	    {"no gnuplot", test_no_gnuplot},
	    CU_TEST_INFO_NULL,
	};
	if (!mkdtemp(folder)) return 1;
	int failures = suite_run("page", tests, 0);
	remove_folder();
	return failures != 0;
}
