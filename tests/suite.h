/* One suite of CUnit tests as a program of its own: exit code 0 when all passed. */
#ifndef THALWEG_TESTS_SUITE_H
#define THALWEG_TESTS_SUITE_H

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Runs the tests (a list that ends with CU_TEST_INFO_NULL) and prints CUnit's report. quiet: print failures only, for
 * ranks other than 0. Returns the number of failures, or -1. */
static inline int suite_run(const char *name, CU_TestInfo *tests, int quiet)
{
	CU_SuiteInfo suites[2];
	memset(suites, 0, sizeof suites);
	suites[0].pName = name;
	suites[0].pTests = tests;
	if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS) {
		fprintf(stderr, "%s: %s\n", name, CU_get_error_msg());
		return -1;
	}
	CU_basic_set_mode(quiet ? CU_BRM_SILENT : CU_BRM_VERBOSE);
	CU_basic_run_tests();
	int failures = (int)CU_get_number_of_failures();
	if (quiet && failures) CU_basic_show_failures(CU_get_failure_list());
	CU_cleanup_registry();
	return failures;
}

#define CHECK_OK(call)                                                             \
	do {                                                                           \
		tw_status check_ = (call);                                                 \
		if (check_ != TW_OK) fprintf(stderr, "\n  %s: %s\n", #call, tw_message()); \
		CU_ASSERT_EQUAL_FATAL(check_, TW_OK);                                      \
	} while (0)

#endif
