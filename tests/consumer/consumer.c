/* A program of somebody else's, built against the installed tree: prints the number of parameters of 2-10-10-1. */
#include <stdio.h>
#include <thalweg/thalweg.h>

int main(void)
{
	tw_network network = {.layers = 3, .width = {2, 10, 10, 1}, .activation = tw_activation_find("tanh"), .bias = true};
	tw_status status = tw_network_check(&network);
	if (status != TW_OK) return fprintf(stderr, "%s\n", tw_message()), tw_exit_code(status);
	printf("thalweg %s: %lld parameters\n", TW_VERSION, (long long)tw_network_dimension(&network));
	return tw_network_dimension(&network) == 151 ? 0 : 1;
}
