/* Every number is handed out once over all ranks and threads; mail arrives complete, in order, and none is lost. */
#include "suite.h"

#include <thalweg/comm.h>

#include <omp.h>
#include <stdlib.h>

static tw_comm *world;
static int rank, size, threads; /* of each rank, that may call a queue */

static void *array(int64_t count, size_t bytes)
{
	void *out;
	CHECK_OK(tw_alloc_array(&out, count, bytes, "a test"));
	return out;
}

static tw_queue *make_queue(tw_comm *comm, int counters)
{
	tw_queue *queue;
	CHECK_OK(tw_queue_create(comm, counters, &queue));
	return queue;
}

static int64_t read_counter(tw_queue *queue, int counter)
{
	int64_t value = -1;
	CHECK_OK(tw_queue_add(queue, counter, 0, &value));
	return value;
}

/* The sum over all ranks. */
static int64_t sum(int64_t value)
{
	CHECK_OK(tw_comm_sum_integer(world, &value, 1));
	return value;
}

/* ---- counters ------------------------------------------------------------------------------------------------ */

/* Takes `amount` numbers at a time until `count` are gone; how often each came to this rank. Returns failed calls. */
static int64_t take_numbers(tw_queue *queue, int64_t count, int amount, int64_t *taken)
{
	int64_t failed = 0;
#pragma omp parallel num_threads(threads) reduction(+ : failed)
	for (int64_t before = 0; before < count && failed == 0;) {
		failed += tw_queue_add(queue, 0, amount, &before) != TW_OK;
		for (int64_t i = before; i < before + amount && i < count && failed == 0; i++) {
#pragma omp atomic
			taken[i]++;
		}
	}
	return failed;
}

static void test_numbers(void)
{
	enum { COUNT = 5000 };
	int64_t *taken = array(COUNT, sizeof *taken), wrong = 0, all = (int64_t)size * threads;
	for (int amount = 1; amount <= 7; amount += 3) {
		tw_queue *queue = make_queue(world, 1);
		memset(taken, 0, COUNT * sizeof *taken);
		CU_ASSERT_EQUAL(take_numbers(queue, COUNT, amount, taken), 0);
		CHECK_OK(tw_comm_sum_integer(world, taken, COUNT));
		for (int i = 0; i < COUNT; i++) wrong += taken[i] != 1;
		/* each thread has asked once too often */
		CU_ASSERT_EQUAL(read_counter(queue, 0), ((COUNT + amount - 1) / amount + all) * amount);
		CU_ASSERT(tw_queue_seconds(queue) > 0);
		tw_queue_free(queue);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	tw_free(taken);
}

static void test_many_counters(void)
{
	enum { COUNTERS = 3000 };
	tw_queue *queue = make_queue(world, COUNTERS), *other = make_queue(world, 2);
	int64_t wrong = 0, before, all = (int64_t)size * (size + 1) / 2 * threads, large = (int64_t)1 << 40;
	for (int c = 0; c < COUNTERS; c += 100) wrong += read_counter(queue, c) != 0;
	CU_ASSERT_EQUAL(wrong, 0);
	CHECK_OK(tw_comm_barrier(world));
#pragma omp parallel num_threads(threads) private(before) reduction(+ : wrong)
	for (int c = 0; c < COUNTERS; c++) {
		wrong += tw_queue_add(queue, c, (rank + 1) * (c - 1000) * large, &before) != TW_OK;
		wrong += tw_queue_add(other, c % 2, 1, &before) != TW_OK;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CHECK_OK(tw_comm_barrier(world));
	for (int c = 0; c < COUNTERS; c++) wrong += read_counter(queue, c) != all * (c - 1000) * large;
	CU_ASSERT_EQUAL(wrong, 0);
	for (int c = 0; c < 2; c++) CU_ASSERT_EQUAL(read_counter(other, c), (int64_t)size * threads * COUNTERS / 2);
	tw_queue_free(queue);
	tw_queue_free(other);
}

/* Groups of ranks have queues of their own, made at the same time, and a process alone has one without MPI. */
static void check_groups(tw_comm *group, tw_comm *self)
{
	enum { COUNT = 100 };
	tw_queue *common = make_queue(world, 1), *own = make_queue(group, 1), *alone = make_queue(self, 1);
	int64_t *taken = array(COUNT, sizeof *taken), wrong = 0;
	wrong += take_numbers(own, COUNT, 1, taken);
	CHECK_OK(tw_comm_sum_integer(group, taken, COUNT));
	for (int i = 0; i < COUNT; i++) wrong += taken[i] != 1;
	memset(taken, 0, COUNT * sizeof *taken);
	wrong += take_numbers(alone, COUNT, 1, taken);
	for (int i = 0; i < COUNT; i++) wrong += taken[i] != 1;
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(read_counter(own, 0), COUNT + tw_comm_size(group) * threads);
	CU_ASSERT_EQUAL(read_counter(alone, 0), COUNT + threads);
	CU_ASSERT_EQUAL(read_counter(common, 0), 0);
	tw_queue_free(alone);
	tw_queue_free(own);
	tw_queue_free(common);
	tw_free(taken);
}

static void test_groups(void)
{
	tw_comm *group, *self;
	CHECK_OK(tw_comm_split(world, rank % 2, &group));
	CHECK_OK(tw_comm_self(&self));
	for (int i = 0; i < 20; i++) check_groups(group, self);
	tw_comm_free(self);
	tw_comm_free(group);
}

/* ---- mail ---------------------------------------------------------------------------------------------------- */

enum { MAILS = 60, MAX_SENDERS = 64 };

/* What a message begins with, as far as it is long enough. */
typedef struct {
	int64_t size;
	int sender, number;
} heading;

static tw_random stream = {.seed = 5, .purpose = TW_RANDOM_TEST};

/* From the heading alone to several MB. */
static int64_t mail_size(int sender, int number)
{
	int magnitude = (int)tw_random_below(stream, (uint64_t)sender, (uint64_t)number, 22);
	int64_t more = (int64_t)tw_random_below(stream, (uint64_t)sender, (uint64_t)number + MAILS, 1ull << magnitude);
	return (int64_t)sizeof(heading) + (number % 7 ? more : 0);
}

static unsigned char mail_byte(const heading *head, int64_t i)
{
	return (unsigned char)(31 * head->sender + 7 * head->number + i + i / 251);
}

/* The copy is the queue's: what was sent is overwritten at once. */
static bool send_mail(tw_queue *queue, int sender, int number)
{
	heading head = {.size = mail_size(sender, number), .sender = sender, .number = number};
	unsigned char *bytes;
	if (tw_alloc((void **)&bytes, (size_t)head.size, "a test") != TW_OK) return false;
	memcpy(bytes, &head, sizeof head);
	for (int64_t i = sizeof head; i < head.size; i++) bytes[i] = mail_byte(&head, i);
	tw_status status = tw_queue_send(queue, bytes, (size_t)head.size);
	memset(bytes, 0xff, (size_t)head.size);
	tw_free(bytes);
	return status == TW_OK;
}

/* Counts one message of its sender, if it is whole and that sender's next. */
static bool is_next(const unsigned char *bytes, size_t count, int *numbers)
{
	heading head;
	if (count < sizeof head) return false;
	memcpy(&head, bytes, sizeof head);
	if (head.sender < 0 || head.sender >= size * threads || head.number != numbers[head.sender]++) return false;
	if (head.size != (int64_t)count || head.size != mail_size(head.sender, head.number)) return false;
	for (int64_t i = sizeof head; i < head.size; i++) {
		if (bytes[i] != mail_byte(&head, i)) return false;
	}
	return true;
}

/* Rank 0: receives until `count` messages have come. Returns how many were wrong. */
static int64_t receive_mail(tw_queue *queue, int count, int *numbers)
{
	int64_t wrong = 0;
	for (int received = 0; received < count;) {
		void *bytes;
		size_t bytes_size;
		if (tw_queue_receive(queue, &bytes, &bytes_size) != TW_OK) return count;
		if (!bytes) continue;
		wrong += !is_next(bytes, bytes_size, numbers);
		tw_free(bytes);
		received++;
	}
	return wrong;
}

/* All threads of all ranks send, and afterwards the first of rank 0 receives what has not yet come. */
static void test_mail(void)
{
	tw_queue *queue = make_queue(world, 1);
	int numbers[MAX_SENDERS] = {0}, all = MAILS * size * threads;
	int64_t failed = 0;
#pragma omp parallel num_threads(threads) reduction(+ : failed)
	{
		int thread = omp_get_thread_num();
		bool receives = rank == 0 && thread == 0;
		for (int n = 0; n < MAILS; n++) {
			failed += !send_mail(queue, rank * threads + thread, n);
			if (receives && n % 2 == 0) failed += receive_mail(queue, 1, numbers);
		}
		if (receives) failed += receive_mail(queue, all - (MAILS + 1) / 2, numbers);
	}
	CU_ASSERT_EQUAL(failed, 0);
	if (rank == 0) {
		void *bytes;
		size_t count;
		for (int sender = 0; sender < size * threads; sender++) CU_ASSERT_EQUAL(numbers[sender], MAILS);
		CHECK_OK(tw_queue_receive(queue, &bytes, &count));
		CU_ASSERT(!bytes && count == 0);
	}
	/* The other ranks may be here long before; the barrier lets their mail move on. */
	CHECK_OK(tw_comm_barrier(world));
	tw_queue_free(queue);
}

/* Rank 0 takes none while the others send and count; a sender is not held up by mail that nobody receives. */
static void test_sending_returns(void)
{
	tw_queue *queue = make_queue(world, 1);
	int numbers[MAX_SENDERS] = {0};
	int64_t before;
	for (int n = 0; n < MAILS; n++) CU_ASSERT(send_mail(queue, rank * threads, n));
	CHECK_OK(tw_queue_add(queue, 0, 1, &before));
	if (rank == 0) {
		while (read_counter(queue, 0) < size) CHECK_OK(tw_queue_progress(queue));
		CU_ASSERT_EQUAL(receive_mail(queue, MAILS * size, numbers), 0);
	}
	CHECK_OK(tw_comm_barrier(world));
	tw_queue_free(queue);
}

static void test_empty_mail(void)
{
	tw_queue *queue = make_queue(world, 0);
	for (int n = 0; n < 10; n++) CHECK_OK(tw_queue_send(queue, NULL, 0));
	for (int received = 0; rank == 0 && received < 10 * size;) {
		void *bytes;
		size_t count = 1;
		CHECK_OK(tw_queue_receive(queue, &bytes, &count));
		CU_ASSERT_EQUAL(count, 0);
		received += bytes != NULL;
		tw_free(bytes);
	}
	CHECK_OK(tw_comm_barrier(world));
	tw_queue_free(queue);
}

/* Mail of which rank 0 receives some or none before it frees the queue. */
static void test_dropped_mail(void)
{
	for (int received = 0; received < 12; received++) {
		tw_queue *queue = make_queue(world, 1), *other = make_queue(world, 1);
		int numbers[MAX_SENDERS] = {0};
		int64_t failed = 0;
#pragma omp parallel num_threads(threads) reduction(+ : failed)
		{
			int sender = rank * threads + omp_get_thread_num();
			for (int n = 0; n < 6; n++) failed += !send_mail(queue, sender, n) + !send_mail(other, sender, n);
		}
		if (rank == 0) failed += receive_mail(queue, received < 6 * threads ? received : 6 * threads, numbers);
		CU_ASSERT_EQUAL(failed, 0);
		tw_queue_free(queue);
		tw_queue_free(other);
	}
	tw_queue_free(NULL);
}

static void test_large_mail(void)
{
	enum { BYTES = 48 << 20 };
	tw_queue *queue = make_queue(world, 1);
	unsigned char *sent = array(BYTES, 1);
	memset(sent, 'a' + rank, BYTES);
	CHECK_OK(tw_queue_send(queue, sent, BYTES));
	tw_free(sent);
	for (int received = 0; rank == 0 && received < size;) {
		void *bytes;
		size_t count;
		CHECK_OK(tw_queue_receive(queue, &bytes, &count));
		if (!bytes) continue;
		CU_ASSERT_EQUAL(count, BYTES);
		const unsigned char *byte = bytes;
		CU_ASSERT(*byte >= 'a' && *byte < 'a' + size && memcmp(byte, byte + 1, BYTES - 1) == 0);
		tw_free(bytes);
		received++;
	}
	tw_queue_free(queue);
}

/* ---- misuse -------------------------------------------------------------------------------------------------- */

static void test_misuse(void)
{
	tw_queue *queue;
	int64_t before = 17;
	size_t count = 17;
	void *bytes = &count;
	CU_ASSERT_EQUAL(tw_queue_create(world, rank == size - 1 ? -1 : 1, &queue), TW_INTERNAL);
	CU_ASSERT_PTR_NULL(queue);
	CU_ASSERT(strstr(tw_message(), "-1 counters") != NULL);
	queue = make_queue(world, 2);
	CU_ASSERT_EQUAL(tw_queue_add(queue, 2, 1, &before), TW_INTERNAL);
	CU_ASSERT_EQUAL(tw_queue_add(queue, -1, 1, &before), TW_INTERNAL);
	CU_ASSERT_EQUAL(tw_queue_send(queue, "", ((size_t)1 << 30) + 1), TW_INTERNAL);
	CU_ASSERT(strstr(tw_message(), "1073741825") != NULL);
	CU_ASSERT_EQUAL(tw_queue_receive(queue, &bytes, &count), rank == 0 ? TW_OK : TW_INTERNAL);
	CU_ASSERT(!bytes && count == 0);
	CU_ASSERT_EQUAL(before, 17);
	CU_ASSERT_EQUAL(sum(read_counter(queue, 0)), 0);
	tw_queue_free(queue);
}

int main(void)
{
	if (tw_comm_world(&world) != TW_OK) {
		fprintf(stderr, "%s\n", tw_message());
		return 1;
	}
	rank = tw_comm_rank(world);
	size = tw_comm_size(world);
	threads = tw_comm_threads_may_call() ? 3 : 1;
	CU_TestInfo tests[] = {
	    {"numbers handed out once", test_numbers},
	    {"many counters, two queues", test_many_counters},
	    {"queues of groups", test_groups},
	    {"mail from all threads", test_mail},
	    {"mail that waits", test_sending_returns},
	    {"empty mail", test_empty_mail},
	    {"mail that is dropped", test_dropped_mail},
	    {"large mail", test_large_mail},
	    {"misuse", test_misuse},
	    CU_TEST_INFO_NULL,
	};
	int64_t failed = suite_run("queue", tests, rank > 0) != 0;
	/* All of it again with the watch on. */
	failed = tw_comm_watch(world, 100, "") != TW_OK || suite_run("queue, watched", tests, rank > 0) != 0 || failed;
	tw_status status = tw_comm_sum_integer(world, &failed, 1);
	tw_comm_free(world);
	return status != TW_OK || failed;
}
