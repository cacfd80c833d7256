/* Signals that ask a run or a sweep to stop. */
#include "app/app.h"

#include <math.h>
#include <signal.h>
#include <sys/time.h>

static void stop_training(int signal)
{
	(void)signal;
	tw_request_stop();
}

/* A second SIGINT ends the program at once; but not within half a second of the first, since a launcher and the
 * terminal may both pass one keystroke on. */
static void stop_or_end(int number)
{
	static double first;
	const double now = tw_now();
	if (first > 0 && now - first > 0.5) {
		signal(number, SIG_DFL);
		raise(number);
	}
	if (first == 0) first = now;
	tw_request_stop();
}

void app_catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop_training, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	action.sa_handler = stop_or_end;
	sigaction(SIGINT, &action, NULL);
}

void app_stop_at(double moment)
{
	const struct sigaction action = {.sa_handler = stop_training, .sa_flags = SA_RESTART};
	const double left = moment > tw_now() ? moment - tw_now() : 0;
	const struct itimerval timer = {
	    .it_value = {.tv_sec = (time_t)left, .tv_usec = 1 + (suseconds_t)((left - floor(left)) * 999998)}};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}
